"""Whether what is served is what was trained on. Worked out aside, by one process of a node."""

from deployments.metrics.catalogue.labels import FEATURE, MODEL, VERSION, VIEW
from deployments.metrics.metric import Label, counter, gauge

DRIFT_ROWS = gauge("windsock_drift_rows", "Rows in the window", MODEL, VERSION)
PSI = gauge(
    "windsock_drift_psi",
    "Population stability index of the window against training",
    *(MODEL, VERSION, FEATURE),
)
PSI_CHANCE = gauge(
    "windsock_drift_psi_chance",
    "What it would be by chance alone at this size of the window (99 of 100 are below)",
    *(MODEL, VERSION, FEATURE),
)
PSI_BOUND = gauge(
    "windsock_drift_psi_bound",
    "What it must exceed for an alarm: chance at this size of the window, and what is tolerated",
    *(MODEL, VERSION, FEATURE),
)
JS = gauge(
    "windsock_drift_js",
    "Jensen-Shannon distance (base 2, 0 to 1) of the window from training",
    *(MODEL, VERSION, FEATURE),
)
JS_CHANCE = gauge(
    "windsock_drift_js_chance",
    "What it would be by chance alone at this size of the window (99 of 100 are below)",
    *(MODEL, VERSION, FEATURE),
)
CHI2 = gauge(
    "windsock_drift_chi2_ratio",
    "Chi-square of a category's counts by its critical value at 1 %: above 1 is beyond chance",
    *(MODEL, VERSION, FEATURE),
)
DRIFTING = gauge(
    "windsock_drift_alarm",
    "1: the shift is larger than chance and than what the config tolerates",
    *(MODEL, VERSION, FEATURE),
)
SKEW_ROWS = gauge(
    "windsock_skew_rows", "Served rows of the last window that were joined again offline", VIEW
)
SKEW = gauge(
    "windsock_skew_ratio",
    "Share of them whose value served is not what the offline store gives for that moment",
    *(VIEW, FEATURE),
)
SKEWED = gauge(
    "windsock_skew_alarm", "1: more of a view's rows differ than the config tolerates", VIEW
)
SERVED = counter(
    "windsock_served_rows",
    "Rows handed to the destination that the feature service's LoggingConfig names, or left out "
    "because it did not keep up",
    Label("outcome", "which", ("logged", "dropped", "failed")),
)
SKETCHED = counter(
    "windsock_sketched_rows", "Rows that the sketches of drift have taken", MODEL, VERSION
)

ALL = (
    *(DRIFT_ROWS, PSI, PSI_CHANCE, PSI_BOUND, JS, JS_CHANCE, CHI2, DRIFTING),
    *(SKEW_ROWS, SKEW, SKEWED, SERVED, SKETCHED),
)
