"""A request with a token that was found good a moment ago, as the layer has it resolved."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import RSAAlgorithm

from app.access.authenticator import CredentialAuthenticator
from app.access.followed_keys import FollowedKeys
from app.access.settings import AuthSettings
from app.access.tokens import Tokens
from app.edge.options import RequestOptions
from benchmarks.scenarios.guards_micro.case import Case

_AUDIENCE = "windsock"
# What issuers usually put into theirs.
_USUAL = {
    "sub": "5be86359-073c-434b-ad2d-a3932222dabe",
    "azp": "5be86359-073c-434b-ad2d-a3932222dabe",
    "scope": "openid profile email predict",
    "email": "ada@shop.example.com",
    "preferred_username": "ada",
    "jti": "9d62a1b7-3f5e-4c1f-8f39-1c0a3b5f2d11",
}


def token_check() -> Case:
    """A token of RS256, of usual length."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    listed = json.dumps({"keys": [RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)]})
    with _answering(listed.encode()) as issuer, TemporaryDirectory() as folder:
        claims = {"iss": issuer, "aud": _AUDIENCE, "exp": time() + 3600, **_USUAL}
        token = jwt.encode(claims, key, "RS256")
        options = RequestOptions([(b"authorization", f"Bearer {token}".encode())])
        tokens = {"issuer": issuer, "audience": _AUDIENCE, "jwks": issuer}
        settings = AuthSettings.model_validate({"tokens": tokens}, context=Path(folder))
        authenticator = asyncio.run(_asked(settings, options))
    known = authenticator.known
    return Case("check of a cached token", 3.0, lambda: known(options, socket=False))


async def _asked(settings: AuthSettings, options: RequestOptions) -> CredentialAuthenticator:
    """One that has found the token good."""
    assert settings.tokens is not None
    authenticator = CredentialAuthenticator(FollowedKeys(settings), Tokens(settings.tokens))
    await authenticator.start()
    await authenticator.find(options)
    await authenticator.close()
    return authenticator


@contextmanager
def _answering(body: bytes) -> Iterator[str]:
    """Where this is answered to whatever is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
