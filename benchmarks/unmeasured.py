"""Why there may be nothing to report."""


class Unmeasured(Exception):
    """Something could not be measured; the message says why."""
