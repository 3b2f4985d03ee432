"""What it costs, and what it is used for."""

from app.observability.dashboards.panel import Dashboard, Draws, Panel, Query, Row, above, stat
from app.observability.dashboards.queries import ALL, SHOWN
from deployments.metrics.catalogue import cost, machine, requests

_HOUR = 3600
_BY_BOTH = ("stage", "resource")
_HOURLY = f"{ALL.rate(cost.COST)} * {_HOUR}"
_RESERVED_CPUS = ALL.total(cost.RESERVED, resource="cpu")
_NOMINAL = (
    f"{ALL.total(cost.RESERVED, _BY_BOTH)} * on (resource) group_left () "
    f"{ALL.maximum(cost.PRICE, ('resource',))}"
)

_NUMBERS = Row(
    "Now, in the config's currency",
    [
        stat("An hour", "Of all replicas, at today's load.", _HOURLY, decimals=4),
        stat(
            "A month",
            "The same for 30 days.",
            f"{ALL.rate(cost.COST)} * {30 * 24 * _HOUR}",
            decimals=2,
        ),
        stat(
            "A million predictions",
            "Cost by rows. It falls with load: what is reserved costs without.",
            f"{ALL.rate(cost.COST)} / ({ALL.rate(requests.ROWS)} > 0) * 1e6",
            decimals=3,
        ),
        stat(
            "In what is shown",
            "Cost over the range of time.",
            SHOWN.increase(cost.COST),
            decimals=4,
        ),
        stat(
            "CPU in use",
            "Share of the CPUs reserved. Low at the busiest hour: reserve less.",
            f"{ALL.rate(machine.CPU)} / ({_RESERVED_CPUS} > 0)",
            unit="percentunit",
            decimals=0,
            thresholds=above(0.1, 0.3),
        ),
        stat("CPUs reserved", "By all replicas.", _RESERVED_CPUS, decimals=1),
    ],
)

_WHERE = Row(
    "Where it goes",
    [
        Panel(
            title="Cost an hour by stage",
            description="The stage to look at first.",
            queries=[Query(f"{ALL.rate(cost.COST, ('stage',))} * {_HOUR}", "{{stage}}")],
            stacked=True,
            decimals=4,
        ),
        Panel(
            title="Cost an hour by resource",
            description="CPU, GPU or memory.",
            queries=[Query(f"{ALL.rate(cost.COST, ('resource',))} * {_HOUR}", "{{resource}}")],
            stacked=True,
            decimals=4,
        ),
        Panel(
            title="Cost of a million predictions",
            description="Over time. A step up with the same load: something was added.",
            queries=[
                Query(f"{ALL.rate(cost.COST)} / ({ALL.rate(requests.ROWS)} > 0) * 1e6", "a million")
            ],
            decimals=3,
        ),
        Panel(
            title="CPUs reserved and used, by stage",
            description="A gap that stays at the busiest hour is money.",
            queries=[
                Query(ALL.total(cost.RESERVED, ("stage",), resource="cpu"), "{{stage}} reserved"),
                Query(ALL.rate(machine.CPU, ("stage",)), "{{stage}} used"),
            ],
        ),
        Panel(
            title="Memory reserved and used, by stage",
            description="A gap that stays is money.",
            queries=[
                Query(
                    f"{ALL.total(cost.RESERVED, ('stage',), resource='memory')} * {2**30}",
                    "{{stage}} reserved",
                ),
                Query(ALL.total(machine.MEMORY, ("stage",)), "{{stage}} used"),
            ],
            unit="bytes",
        ),
        Panel(
            title="At today's prices",
            description="Reserved by its price an hour: what a change of num_cpus would save.",
            queries=[Query(_NOMINAL, "{{stage}} {{resource}}")],
            draws=Draws.BARS,
            decimals=4,
            least=0,
        ),
        Panel(
            title="Prices an hour",
            description="Of one CPU, one GPU, one GiB of memory, as the config has them.",
            queries=[Query(ALL.maximum(cost.PRICE, ("resource",)), "an hour")],
            draws=Draws.TABLE,
            width=24,
            height=6,
            decimals=4,
        ),
    ],
)

COST = Dashboard(
    name="cost",
    title="Windsock: cost",
    description="What it costs, by stage and resource, and what a prediction costs.",
    rows=[_NUMBERS, _WHERE],
)
