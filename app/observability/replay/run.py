"""`windsock replay`: plays, shows, and says what came of it."""

import asyncio
import json
from contextlib import AsyncExitStack, ExitStack, aclosing, suppress
from typing import Any

from rich.console import Console
from rich.live import Live

from app.observability.replay.feeding import FeedFailed
from app.observability.replay.player import Unreachable, Wanted, play, rewind
from app.observability.replay.progress import Progress
from app.observability.replay.service import Service
from app.observability.replay.table import line, table
from app.start.signals import told_by
from deployments.metrics.prometheus_export import PrometheusExport, PrometheusUnusable

OK, FAILED, INTERRUPTED = 0, 1, 130
_FRAME_S = 0.25
_LINE_S = 5.0


def run(service: Service, wanted: Wanted, *, as_json: bool, metrics_port: int | None) -> int:
    """The status to exit with: 1 where anything failed, 130 where it was told to end."""
    console = Console(stderr=as_json, soft_wrap=True, highlight=False)
    with ExitStack() as stack:
        if metrics_port is not None:
            try:
                export = stack.enter_context(PrometheusExport(metrics_port))
            except PrometheusUnusable as error:
                console.print(str(error), style="red")
                return FAILED
            console.print(f"metrics at {export.url}")
        return asyncio.run(_played(service, wanted, console, as_json=as_json))


def run_rewind(service: Service, folder: str) -> int:
    """The same for going back to where the clock stands by itself."""
    console = Console(soft_wrap=True, highlight=False)
    try:
        at = asyncio.run(rewind(service, folder))
    except FeedFailed as error:
        console.print(str(error), style="red")
        return FAILED
    console.print(f"store and clock are as of {at.isoformat()}")
    return OK


async def _played(service: Service, wanted: Wanted, console: Console, *, as_json: bool) -> int:
    shown = _Shown(console)
    playing = asyncio.create_task(_play(service, wanted, shown))
    loop = asyncio.get_running_loop()
    for which in told_by():
        loop.add_signal_handler(which, playing.cancel)
    why: str | None = None
    interrupted = False
    try:
        await playing
    except asyncio.CancelledError:
        interrupted = True
    except (FeedFailed, Unreachable) as error:
        why = str(error)
    finally:
        for which in told_by():
            loop.remove_signal_handler(which)
    failed = shown.progress is not None and shown.progress.tally.failed > 0
    code = FAILED if why or failed else INTERRUPTED if interrupted else OK
    if why:
        console.print(why, style="red")
    elif interrupted:
        console.print("told to end; store and clock stay where they are")
    if as_json:
        summary: dict[str, Any] = shown.progress.summary() if shown.progress else {}
        print(json.dumps({**summary, "error": why, "interrupted": interrupted}))
    return code


async def _play(service: Service, wanted: Wanted, shown: "_Shown") -> None:
    async with AsyncExitStack() as stack:
        moments = await stack.enter_async_context(
            aclosing(play(service, wanted, shown.say))  # type: ignore[type-var]
        )
        stack.enter_context(shown)
        task = asyncio.create_task(shown.keep())
        stack.push_async_callback(_ended, task)
        async for progress in moments:
            shown.progress = progress


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class _Shown:
    """What is on the screen: a table on a terminal, a line every few seconds elsewhere."""

    def __init__(self, console: Console) -> None:
        self.progress: Progress | None = None
        self._console = console
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """A step that takes its time."""
        self._console.print(text)

    async def keep(self) -> None:
        """Show how it goes, until cancelled."""
        while True:
            await asyncio.sleep(_FRAME_S if self._console.is_terminal else _LINE_S)
            self._show()

    def __enter__(self) -> "_Shown":
        return self

    def __exit__(self, *_: object) -> None:
        """The last of it stays."""
        self._show()
        if self._live is not None:
            self._live.stop()

    def _show(self) -> None:
        if self.progress is None:
            return
        if not self._console.is_terminal:
            self._console.print(line(self.progress))
            return
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
        self._live.update(table(self.progress), refresh=True)
