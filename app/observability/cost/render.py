"""A study for a person who reads it in a terminal."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from app.observability.cost.bill import Bill
from app.observability.cost.fit import Quality
from app.observability.cost.study import Study
from app.observability.cost.what_if import Answer

_NONE = "-"


def render(study: Study, console: Console) -> None:
    """Print it."""
    for part in _parts(study):
        console.print(part)
        console.print()


def money(amount: float | None) -> str:
    """Two digits after the point, or three that count where that shows none."""
    if amount is None:
        return _NONE
    if amount == 0 or abs(amount) >= 1:
        return f"{amount:,.2f}"
    return f"{amount:.{2 - math.floor(math.log10(abs(amount)))}f}"


def _parts(study: Study) -> Iterable[RenderableType]:
    currency = study.recording.service.currency
    yield _summary(study)
    yield _by_deployment(study.bill, currency)
    yield _by_version(study.bill, currency)
    yield _idle(study.bill, currency)
    if study.answers:
        yield _fits(study)
        yield _answers(study, currency)
        yield _assumptions(study.answers)


def _summary(study: Study) -> RenderableType:
    span, told, currency = study.recording.span, study.bill, study.recording.service.currency
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (span.begin, span.end))
    lines = [
        f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC, in steps of {span.step_s:g} s",
        f"{money(told.cost)} {currency}: {money(told.per_hour)} an hour, "
        f"{money(told.per_thousand)} per 1,000 predictions ({told.rows:,.0f} of them)",
    ]
    if told.known_hours < told.hours - 1e-9:
        lines.append(
            f"Nothing is known of {told.hours - told.known_hours:.2f} of {told.hours:.2f} hours: "
            "they are not in it."
        )
    if told.reserved_cost and abs(told.cost / told.reserved_cost - 1) > 0.05:
        lines.append(
            f"Prices x reservations make {money(told.reserved_cost)}, and not what replicas "
            "counted: scrapes are missing, or replicas came and went."
        )
    return Text("\n".join(lines))


def _by_deployment(told: Bill, currency: str) -> Table:
    table = _table("What it went to", "deployment", "replica hours", "CPU", "GPU", "memory")
    table.add_column(currency, justify="right")
    table.add_column("share", justify="right")
    for line in told.lines:
        table.add_row(
            line.deployment,
            f"{line.replica_hours:,.1f}",
            *(money(line.by_resource[resource]) for resource in ("cpu", "gpu", "memory")),
            money(line.cost),
            _percent(line.cost / told.cost if told.cost else 0.0),
        )
    return table


def _by_version(told: Bill, currency: str) -> Table:
    table = _table("For which version", "model", "version", "predictions", currency, "per 1,000")
    for one in told.versions:
        if not one.cost and not one.rows:
            continue
        table.add_row(
            one.model or "none: nothing was asked",
            one.version or _NONE,
            f"{one.rows:,.0f}",
            money(one.cost),
            money(one.per_thousand),
        )
    return table


def _idle(told: Bill, currency: str) -> RenderableType:
    if told.idle is None:
        return Text("Idle: not known, no CPU of replicas was recorded.")
    idle = told.idle
    table = _table("What of it was idle", "", "hours", currency, "share")
    share = idle.money / told.cost if told.cost else 0.0
    table.add_row(
        f"CPU reserved and not used ({_percent(idle.unused)} of it)",
        _NONE,
        money(idle.money),
        _percent(share),
    )
    for what, hours, amount in (
        (f"below {_percent(idle.below)} of reserved CPU", idle.quiet_hours, idle.quiet_money),
        ("nothing was asked", idle.silent_hours, idle.silent_money),
    ):
        share = amount / told.cost if told.cost else 0.0
        table.add_row(what, f"{hours:.2f}", money(amount), _percent(share))
    return table


def _fits(study: Study) -> RenderableType:
    table = _table(
        "How well the model tells what it has not seen",
        *("deployment", "CPU: R2", "off by", "calls: R2", "off by", "replicas: off by"),
    )
    for one in study.models:
        scaling = study.as_it_was.scaling.get(one.name) if study.as_it_was else None
        table.add_row(
            one.name,
            *_quality(one.cpu.quality),
            *_quality(one.ongoing.quality if one.ongoing is not one.cpu else None),
            _quality(scaling.quality if scaling else None)[1],
        )
    lines = []
    if study.as_it_was is not None:
        cost, measured = study.as_it_was.cost, study.bill.cost
        off = f" ({_change(cost, measured)})" if measured else ""
        lines.append(
            f"As it was, it costs {money(cost)} by the model, {money(measured)} in fact{off}."
        )
    if study.why:
        lines.append(f"The model is not used: {study.why}.")
    return Group(table, Padding(Text("\n".join(lines)), (0, 0, 0, 1)))


def _answers(study: Study, currency: str) -> RenderableType:
    table = _table(
        "What if, at the same load",
        "",
        currency,
        "change",
        "replicas (most), busy",
        *("> 80 %", "> 100 %"),
    )
    table.columns[0].no_wrap = table.columns[3].no_wrap = True
    notes = [
        "> 80 %, > 100 %: the share of time in which some deployment works above this share of its "
        "capacity; above 100 % it is overloaded.",
    ]
    for one in study.answers:
        table.add_row(*_row(one))
        notes += [f"{one.scenario.text}: {note}" for note in _notes(one)]
    return Group(table, Padding(Text("\n".join(notes)), (0, 0, 0, 1)))


def _row(one: Answer) -> tuple[str, ...]:
    outcome = one.outcome
    if outcome is None:
        return one.scenario.text, "no number", _NONE, _NONE, _NONE, _NONE
    return (
        one.scenario.text,
        money(outcome.cost),
        _change(outcome.cost, one.compared),
        "\n".join(
            f"{name} {its.mean:.2f} ({its.most:.0f}), {100 * its.busy:.0f} %"
            for name, its in outcome.scaling.items()
        ),
        _percent(outcome.busy),
        _percent(outcome.overloaded),
    )


def _notes(one: Answer) -> Iterable[str]:
    if one.why:
        yield f"no number: {one.why}"
    if one.cost_between:
        low, high = one.cost_between
        yield f"{money(low)} to {money(high)} over the range of its assumptions"
    if one.cache and one.cache.hits is not None:
        before = _percent(one.cache.hits_before)
        yield f"the row cache has {_percent(one.cache.hits)} of keys, and had {before}"
    if one.unserved is not None:
        yield (
            f"{_percent(one.unserved)} of the time the load could not be served where all spot "
            "capacity goes at once"
        )


def _assumptions(answers: list[Answer]) -> RenderableType:
    every = dict.fromkeys(told for one in answers for told in one.assumptions)
    table = Table.grid(padding=(0, 1))
    for number, told in enumerate(every, 1):
        table.add_row(f" {number}.", Text(told))
    return Group(Text("Assumptions", style="bold"), table)


def _quality(told: Quality | None) -> tuple[str, str]:
    if told is None:
        return _NONE, _NONE
    r2 = _NONE if told.r2 != told.r2 else f"{told.r2:.3f}"
    return r2, _percent(told.mape)


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1))
    table.add_column(first)
    for other in others:
        table.add_column(other, justify="right")
    return table


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _change(amount: float, before: float | None) -> str:
    return f"{100 * (amount / before - 1):+.1f} %" if before else _NONE
