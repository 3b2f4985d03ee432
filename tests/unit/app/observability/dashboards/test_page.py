"""The page in a real browser, with the figures of a real Prometheus."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from app.observability.dashboards.all import DASHBOARDS
from app.observability.dashboards.page_server import page_url, serve_page
from app.observability.dashboards.panel import Dashboard, Draws
from tests.support.browser import CHROMIUM
from tests.support.devtools import Tab, tab
from tests.support.prometheus import needs_prometheus
from tests.support.serve import free_port

pytestmark = [
    needs_prometheus,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
]
WIDE, TALL = 1400, 6000
STATES = "[...document.querySelectorAll('.panel')].map(p => p.dataset.state)"
ALL_BUT_ALERTS = (
    "[...document.querySelectorAll('.panel')].every(p => p.dataset.state === 'drawn' "
    "|| p.querySelector('h3').textContent === 'Alerts that fire')"
)
DRAWN = f"{STATES}.length && {STATES}.every(Boolean)"


@asynccontextmanager
async def opened(prometheus: str, folder: Path, uid: str = "") -> AsyncIterator[Tab]:
    """The page of a dashboard, in a window so high that all panels are looked at."""
    port = free_port()
    serving = asyncio.create_task(serve_page("127.0.0.1", port, prometheus))
    try:
        await answers(page_url("127.0.0.1", port))
        async with tab(folder, WIDE, TALL) as page:
            await page.goto(f"{page_url('127.0.0.1', port)}#{uid}")
            await page.until(DRAWN, 60)
            yield page
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


async def answers(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(30):
        while True:
            with suppress(httpx.HTTPError):
                if (await client.get(url)).is_success:
                    return
            await asyncio.sleep(0.02)


def colours(png: bytes) -> set[bytes]:
    """Of every 16th pixel of each line, without the filters that PNG has: enough to tell a page
    from a blank one."""
    _, height = struct.unpack(">II", png[16:24])
    at, data = 8, b""
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    raw = zlib.decompress(data)
    line = len(raw) // height
    return {raw[y * line + x : y * line + x + 3] for y in range(height) for x in range(1, line, 48)}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.name)
async def test_every_panel_draws(measured: str, dashboard: Dashboard, tmp_path: Path) -> None:
    async with opened(measured, tmp_path, dashboard.uid) as page:
        assert await page.evaluate("document.title") == dashboard.title
        with suppress(TimeoutError):  # the first answers may be without a rate
            await page.until(ALL_BUT_ALERTS)
        told = await page.evaluate(
            "[...document.querySelectorAll('.panel')].map(p => "
            "[p.querySelector('h3').textContent, p.dataset.state, p.innerText])"
        )
        assert [title for title, _, _ in told] == [panel.title for panel in dashboard.panels]
        without = [one for one in told if one[1] != "drawn" and one[0] != "Alerts that fire"]
        assert without == []
        assert page.complaints == []
        assert len(colours(await page.screenshot())) > 20


async def test_what_has_no_data_says_so(measured: str, tmp_path: Path) -> None:
    async with opened(measured, tmp_path, "windsock-overview") as page:
        await page.evaluate(  # at once: a refresh between would take the option away
            "(s => { s.add(new Option('gone')); s.value = 'gone'; "
            "s.dispatchEvent(new Event('change')) })(document.querySelector('#model'))"
        )
        said = f"({PANEL}, panel('%s').querySelector('.body').innerText)"
        await page.until(f"{said % 'Rows by door'} === 'No data'")
        await page.until(f"{said % 'Requests by error'} === 'No request was told an error'")


async def test_models_and_versions_are_offered_and_narrow(measured: str, tmp_path: Path) -> None:
    async with opened(measured, tmp_path, "windsock-rollout") as page:
        offered = "[...document.querySelectorAll('#version option')].map(o => o.textContent)"
        assert await page.evaluate(offered) == ["All", "version_a", "version_b"]
        await choose(page, "version", "version_b")
        names = "[...panel('Requests').querySelectorAll('.legend button')].map(b => b.textContent)"
        await page.until(f"({PANEL}, {names}.join() === 'version_b')")


PANEL = (
    "panel = title => [...document.querySelectorAll('.panel')]"
    ".find(p => p.querySelector('h3').textContent === title)"
)


async def choose(page: Tab, select: str, value: str) -> None:
    await page.evaluate(
        f"(s => {{ s.value = {value!r}; s.dispatchEvent(new Event('change')) }})"
        f"(document.querySelector('#{select}'))"
    )


async def test_keys_leave_a_series_out_and_focus_stays(measured: str, tmp_path: Path) -> None:
    async with opened(measured, tmp_path, "windsock-overview") as page:
        first = "panel('Latency of requests').querySelector('.legend button')"
        await page.evaluate(f"({PANEL}, {first}.focus())")
        await page.press("Enter")
        await page.until(f"({PANEL}, {first}.getAttribute('aria-pressed') === 'false')")
        await page.until("document.documentElement.dataset.round")
        before = await page.evaluate("document.documentElement.dataset.round")
        await page.until(f"document.documentElement.dataset.round > {before}")
        assert await page.evaluate(f"({PANEL}, document.activeElement === {first})")
        assert await page.evaluate(f"({PANEL}, {first}.getAttribute('aria-pressed') === 'false')")


async def test_every_control_has_a_name_and_takes_keys(measured: str, tmp_path: Path) -> None:
    async with opened(measured, tmp_path, "windsock-features") as page:
        nameless = await page.evaluate(
            "[...document.querySelectorAll('button, select, a, [role=img]')].filter(e => "
            "!(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length)).length"
        )
        assert nameless == 0
        for _ in range(3):
            await page.press("Tab")
        assert await page.evaluate("document.activeElement.closest('nav') !== null")
        await page.press("Enter")
        await page.until("document.title === 'Windsock: features and freshness'")


async def test_light_and_dark(measured: str, tmp_path: Path) -> None:
    async with opened(measured, tmp_path, "windsock-cost") as page:
        ground = "getComputedStyle(document.body).backgroundColor"
        before = await page.evaluate(ground)
        await page.evaluate("document.querySelector('#theme').click()")
        await page.until(f"{ground} !== {before!r}")
        await page.until(DRAWN)
        assert page.complaints == []


async def test_a_narrow_window_has_one_column(measured: str, tmp_path: Path) -> None:
    async with opened(measured, tmp_path, "windsock-cost") as page:
        await page.size(400, TALL)
        await page.until("document.querySelector('.panel').clientWidth > 340")
        assert await page.evaluate("document.documentElement.scrollWidth <= 400")


async def test_a_prometheus_that_is_away_is_told_in_every_panel(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    async with opened(nobody, tmp_path, "windsock-cost") as page:
        assert set(await page.evaluate(STATES)) == {"failed"}
        told = await page.evaluate("document.querySelector('.failed').textContent")
        assert told.startswith(f"Prometheus does not answer at {nobody}: ")
        assert "does not answer" in await page.evaluate(
            "document.querySelector('#trouble').innerText"
        )


async def test_the_axis_is_logarithmic_where_the_panel_says(measured: str, tmp_path: Path) -> None:
    script = """(async () => {
      const { timeseries } = await import('./timeseries.js');
      const told = await (await fetch('dashboards/windsock-features.json')).json();
      const series = [{ name: 'a', times: [1, 2, 3], values: [0.001, 1, 1000] }];
      const options = { span: { start: 1, end: 3 }, hidden: new Set(), redraw() {} };
      return told.panels.filter(p => p.type === 'timeseries').map(panel => {
        const chart = timeseries(document.createElement('div'), panel, series, options);
        return [panel.title, chart.scales.y.distr === 3];
      });
    })()"""
    async with opened(measured, tmp_path, "windsock-features") as page:
        told = await page.evaluate(script)
    dashboard = next(one for one in DASHBOARDS if one.name == "features")
    wanted = [[one.title, one.log] for one in dashboard.panels if one.draws is Draws.SERIES]
    assert told == wanted
