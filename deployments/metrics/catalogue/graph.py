"""What the graph is, as a whole."""

from deployments.metrics.catalogue.labels import MODEL, VERSION
from deployments.metrics.metric import Label, counter, gauge

READY = gauge("windsock_ready", "1: a row gets through every stage; 0: none does", MODEL)
IN_SERVICE = gauge(
    "windsock_version_in_service", "1: this version answers in this replica", MODEL, VERSION
)
SWAPS = counter(
    "windsock_swaps",
    "Versions that were put in service, or refused while another served on",
    MODEL,
    Label("outcome", "how it went", ("served", "refused")),
)
PROBLEMS = gauge("windsock_problems", "Problems that `/health` tells of")
ASIDE_AGE = gauge(
    "windsock_aside_age_seconds",
    "How long ago a work that is done aside last did what it had to; before its first time, how "
    "long its node has waited for it",
    Label("work", "which", ("live accuracy", "drift", "skew", "served_log")),
)

ALL = (READY, IN_SERVICE, SWAPS, PROBLEMS, ASIDE_AGE)
