"""An OIDC issuer on a real socket, whose keys come and go, and the tokens that it signs."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from app.access.settings import TokenSettings

AUDIENCE = "windsock"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One for each name: to make one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str, curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve())


def public_jwk(key: PrivateKey, id: str | None, **more: Any) -> dict[str, Any]:
    """What an issuer lists of a key (RFC 7517)."""
    jwk: dict[str, Any]
    if isinstance(key, rsa.RSAPrivateKey):
        jwk = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        jwk = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwk | ({} if id is None else {"kid": id}) | more


@dataclass
class Issuer:
    """``keys`` are what it lists, ``asked`` the paths that it was asked for. ``answer``, if any, is
    what it answers whatever it is asked: a status and a body."""

    url: str = ""
    keys: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    answer: tuple[int, bytes] | None = None
    about: dict[str, Any] = field(default_factory=dict)
    let: threading.Event = field(default_factory=threading.Event)

    def settings(self, **more: Any) -> TokenSettings:
        """Those that trust it, and ask again at once."""
        given = {"issuer": self.url, "audience": AUDIENCE, "cool_down_s": 1, **more}
        return TokenSettings.model_validate(given)

    def token(
        self,
        key: PrivateKey | None = None,
        *,
        kid: str | None = "one",
        alg: str = "RS256",
        header: dict[str, Any] | None = None,
        **claims: Any,
    ) -> bytes:
        """Good for a minute, unless ``claims`` say otherwise; None leaves one out."""
        given = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "ada",
            "scope": "predict",
            "exp": time() + 60,
            **claims,
        }
        left = {name: value for name, value in given.items() if value is not None}
        headers = ({} if kid is None else {"kid": kid}) | (header or {})
        # Not jwt.encode, which refuses to sign some of what is wrong.
        payload = json.dumps(left).encode()
        return jwt.PyJWS().encode(payload, key or rsa_key("one"), alg, headers).encode()

    def _reply(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        self.let.wait(10)
        if self.answer is not None:
            return self.answer
        if path == "/.well-known/openid-configuration":
            about = {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.about}
            return 200, json.dumps(about).encode()
        return 200, json.dumps({"keys": self.keys}).encode()


@contextmanager
def issuing(*keys: dict[str, Any]) -> Iterator[Issuer]:
    """An issuer that lists these, by default one with the id ``one``."""
    issuer = Issuer(keys=[*keys] or [public_jwk(rsa_key("one"), "one")])
    issuer.let.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = issuer._reply(self.path)
            self.send_response(status)
            if status == 302:
                self.send_header("location", f"{issuer.url}/elsewhere")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
