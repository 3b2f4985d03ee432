"""Python's garbage collector, told what kind of process this is."""

import gc

# Of the objects of a request, reference counts free all but the cycles of an odd exception. The
# default of 700 has the collector look for them a hundred times a second, for 10% of the CPU.
_ALLOCATIONS = 50_000


def settle() -> None:
    """Take what is there now for permanent, and look for cycles rarely from now on."""
    gc.unfreeze()  # what an earlier version left behind is among it
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, 10, 10)
