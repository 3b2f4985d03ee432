"""Serve's default choice of a replica, to be extended.

**Why.** That it can be extended is public (``request_router_config``), and so are its base class
and what it is made of (``ray.serve.request_router``); the default itself, power of two choices, has
no public name. Without it all of it would have to be written again.
**When Ray mends it.** Once ``ray.serve.request_router`` has it, import it from there where it is
extended; delete this file.
"""

from ray.serve._private.request_router.pow_2_router import PowerOfTwoChoicesRequestRouter

__all__ = ["PowerOfTwoChoicesRequestRouter"]
