"""Whether predictions came true. All but the first two are worked out aside, by one process of a
node, over the cohorts of the last days."""

from deployments.metrics.catalogue.labels import MODEL, SEGMENT, VERSION
from deployments.metrics.metric import Label, counter, gauge

OUTCOMES = gauge(
    "windsock_outcomes",
    "Outcomes by what has become of them so far: joined to their prediction, waiting for one, told "
    "again, told again and different, of a request that got no prediction, given up as their "
    "prediction would be older than is kept, or told as the config had another kind of outcomes",
    Label(
        "result",
        "what",
        ("joined", "waiting", "repeated", "contradicting", "refused", "expired", "unfit"),
    ),
)
FEEDBACK = counter(
    "windsock_feedback",
    "Outcomes that clients sent: kept, or refused with an error",
    Label("result", "which", ("kept", "refused")),
)
WINDOW = Label("window", "the days of prediction that it is over", ("day", "week", "all"))
LABELLED = gauge(
    "windsock_quality_labelled_ratio",
    "Share of predictions whose outcome is known",
    *(MODEL, VERSION, SEGMENT, WINDOW),
)
PREDICTIONS = gauge(
    "windsock_quality_predictions",
    "Predictions that it is over",
    *(MODEL, VERSION, SEGMENT, WINDOW),
)
MEASURE = Label(
    "measure",
    "which",
    (
        *("auc", "average_precision", "brier", "calibration_error", "precision", "recall"),
        *("mean_score", "positive_ratio"),
    ),
)
MEASURED = gauge(
    "windsock_quality",
    "How well scores went with outcomes, of the predictions whose outcome is known",
    *(MODEL, VERSION, SEGMENT, WINDOW, MEASURE),
)
LOWER = gauge(
    "windsock_quality_lower",
    "Lower end of the 95 % interval of windsock_quality",
    *(MODEL, VERSION, SEGMENT, WINDOW, MEASURE),
)
UPPER = gauge(
    "windsock_quality_upper",
    "Upper end of the 95 % interval of windsock_quality",
    *(MODEL, VERSION, SEGMENT, WINDOW, MEASURE),
)
TRAINED = gauge(
    "windsock_quality_trained", "The same on the test set of training", MODEL, VERSION, MEASURE
)
BUSINESS = gauge(
    "windsock_business",
    "Sum of a field that outcomes bring, as the config names it",
    *(MODEL, VERSION, WINDOW),
    Label("field", "which", bound=16),
)

ALL = (*(OUTCOMES, FEEDBACK, LABELLED, PREDICTIONS, MEASURED, LOWER, UPPER, TRAINED, BUSINESS),)
