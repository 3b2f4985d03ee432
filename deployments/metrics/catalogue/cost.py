"""What it costs. Prices stand apart, so that a new one does not change what was."""

from deployments.metrics.catalogue.machine import REPLICA
from deployments.metrics.metric import Label, counter, gauge

RESOURCE = Label("resource", "what is paid for", ("cpu", "gpu", "memory"))

PRICE = gauge(
    "windsock_price_per_hour",
    "Price of an hour of one CPU, one GPU or one GiB of memory, in the config's currency",
    RESOURCE,
)
RESERVED = gauge(
    "windsock_reserved",
    "CPUs, GPUs and GiB of memory that a replica reserves, or holds where it reserves none",
    *(REPLICA, RESOURCE),
)
COST = counter(
    "windsock_cost",
    "What a replica has cost so far, in the config's currency",
    *(REPLICA, RESOURCE),
)

ALL = (PRICE, RESERVED, COST)
