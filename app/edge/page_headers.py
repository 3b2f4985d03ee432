"""What browsers are told of a page, so that nothing but the page runs in it, nor it in another.

The source of each is OWASP's HTTP Headers Cheat Sheet; of the policy, CSP Level 3.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

Headers = list[tuple[bytes, bytes]]

_INLINE = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)

FIXED: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
"""Those of all that belongs to a page."""


def page_headers(page: bytes) -> Headers:
    """Those of a page of HTML, whose inline scripts alone run, by their hashes, and what the
    service itself has. Styles may be inline: Swagger UI sets them on its elements."""
    scripts = " ".join(("'self'", *_hashes(page)))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return [*FIXED, (b"content-security-policy", policy.encode())]


def _hashes(page: bytes) -> Iterator[str]:
    for script in _INLINE.findall(page):
        yield f"'sha256-{b64encode(sha256(script).digest()).decode()}'"
