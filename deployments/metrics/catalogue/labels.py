"""Labels that several metrics have, and their bounds."""

from deployments.frames import Status
from deployments.metrics.metric import Label

MODEL = Label("model", "the model's name", bound=16)
VERSION = Label("version", "the bundle's version", bound=16)
PROTOCOL = Label(
    "protocol", "what carried the request", ("rest", "stream", "oip_http", "oip_grpc", "health")
)
DOOR = Label("door", "how it came in", ("fast_lane", "ray_http", "ray_grpc"))
VIEW = Label("view", "the feature view, as its feature service names it", bound=64)
FEATURE = Label("feature", "the feature column, or the output", bound=256)
STATUS = Label("status", "how the features came to be", tuple(s.name.lower() for s in Status))
STAGE = Label(
    "stage",
    "where the time went; transport is the way to the stages and back",
    ("lookup", "preprocess", "model", "transport"),
)
DEPLOYMENT = Label("stage", "the deployment of the stage", bound=8)
JOURNAL = Label(
    "journal", "which one", ("audit", "predictions", "outcomes", "drift", "skew", "served_log")
)
SEGMENT = Label("segment", "field=value, or all", bound=64)

# From 0.1 ms to 10 s.
SECONDS = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0015, 0.0025, 0.004, 0.006, 0.01, 0.015, 0.025, 0.04),
    *(0.06, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
