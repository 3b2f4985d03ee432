"""The headers of pages, and that a real browser shows the page in spite of them."""

import asyncio
import re
import shutil
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from app.edge.page_headers import page_headers
from tests.support.fast_lane import serving

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PAGES = ["/docs", "/docs/assets/swagger-ui-bundle.js", "/docs/assets/swagger-ui.css"]


def policy_of(page: bytes) -> dict[str, str]:
    policy = dict(page_headers(page))[b"content-security-policy"].decode()
    return dict(one.partition(" ")[::2] for one in policy.split("; "))


def test_inline_scripts_run_by_their_hashes_alone() -> None:
    page = b'<script src="/a.js"></script><SCRIPT>one()</SCRIPT><script type="x">\ntwo()</script>'
    scripts = policy_of(page)["script-src"].split()

    assert scripts[0] == "'self'"
    assert [re.fullmatch(r"'sha256-[\w+/]{43}='", one) is not None for one in scripts[1:]] == [
        True,
        True,
    ]
    assert policy_of(b"<script>one()</script>")["script-src"].split()[1] == scripts[1]
    assert policy_of(b"")["script-src"] == "'self'"


def test_nothing_else_is_allowed() -> None:
    policy = policy_of(b"")

    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in policy["script-src"]


@pytest.mark.parametrize("path", PAGES)
async def test_what_belongs_to_a_page_has_them(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert ("content-security-policy" in headers) == (path == "/docs")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
async def test_a_browser_shows_the_page(app: ASGIApp, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-proxy-server"]
    options += ["--dump-dom", "--virtual-time-budget=20000", f"--user-data-dir={tmp_path}"]
    async with serving(app, linger_s=0) as fast_lane:
        process = await asyncio.create_subprocess_exec(
            *(CHROMIUM, *options, f"http://127.0.0.1:{fast_lane.port}/docs"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(60):
            shown, _ = await process.communicate()

    assert b'class="opblock' in shown
    assert b"/predict" in shown
