"""The HTTP protocol of Ray's own doors: its Python proxies, and the replicas behind its HAProxy.

**Why.** Ray 2.60 takes what uvicorn has, and no setting says otherwise. It loses the body of a
request that offers another protocol (Java's own client offers h2c), sends chunks to clients of
HTTP/1.0, takes heads without a limit and waits for them without an end, says that it is uvicorn,
and refuses in plain text what is no request.
**To see it.** ``python tests/ray/offer_loses_the_body.py``
**When Ray mends it.** Once Ray lets its servers be told a protocol, name ours there; the script
exits with 0 once uvicorn itself goes on behind an offer.
"""

from ray.serve._private.http_util import start_asgi_http_server
from uvicorn.config import HTTP_PROTOCOLS

_OURS = "app.doors.ray.http:RaysHttp"
_BY_DEFAULT = "auto"


def apply() -> str | None:
    """See to it, in the process of a door and before that opens, or say why not."""
    starts = start_asgi_http_server.__code__
    named = {name for one in starts.co_consts if isinstance(one, tuple) for name in one}
    if "Config" not in starts.co_names or "http" in named or _BY_DEFAULT not in HTTP_PROTOCOLS:
        return (
            "this Ray opens its HTTP doors in another way: offers of HTTP/2 lose their bodies there"
        )
    HTTP_PROTOCOLS[_BY_DEFAULT] = _OURS
    return None
