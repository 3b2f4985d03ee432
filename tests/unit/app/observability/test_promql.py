import pytest

from app.observability.promql import Promql
from deployments.metrics.catalogue import features, graph, requests

RATES = Promql("5m")
CHOSEN = Promql("5m", ("model", "version"))


def test_a_counter_has_a_rate_summed_over_replicas() -> None:
    assert RATES.rate(requests.REQUESTS, ("code",), door="fast_lane") == (
        'sum by (code) (rate(ray_windsock_requests_total{door="fast_lane"}[5m]))'
    )
    assert RATES.rate(requests.DURATION) == (
        "sum (rate(ray_windsock_request_seconds_count_total[5m]))"
    )


def test_several_values_and_none_of_them() -> None:
    assert RATES.of(features.ROWS, status=("stale", "defaulted")) == (
        'ray_windsock_feature_rows_total{status=~"stale|defaulted"}'
    )
    assert RATES.of(features.ROWS, status="!fresh").endswith('{status!="fresh"}')


def test_variables_narrow_what_has_their_labels() -> None:
    assert CHOSEN.of(graph.READY) == 'ray_windsock_ready{model=~"$model"}'
    assert CHOSEN.of(graph.PROBLEMS) == "ray_windsock_problems"


def test_a_quantile_is_of_the_buckets_that_ray_exports() -> None:
    assert RATES.quantile(0.99, features.STORE_READ) == (
        "histogram_quantile(0.99, sum by (le) "
        "(rate(ray_windsock_store_read_seconds_bucket_total[5m])))"
    )


def test_the_share_beyond_a_bound_is_of_a_bucket() -> None:
    assert 'le="0.1"' in RATES.beyond(0.1, requests.DURATION)
    with pytest.raises(ValueError, match="no bound of a bucket of windsock_request_seconds"):
        RATES.beyond(0.11, requests.DURATION)


def test_what_is_not_declared_is_refused() -> None:
    with pytest.raises(ValueError, match="windsock_ready has no label view"):
        RATES.maximum(graph.READY, ("view",))
    with pytest.raises(ValueError, match="windsock_requests has no label view"):
        RATES.rate(requests.REQUESTS, view="a")
    with pytest.raises(ValueError, match="the label status of windsock_feature_rows is never old"):
        RATES.rate(features.ROWS, status="old")


def test_kinds_are_held_apart() -> None:
    with pytest.raises(ValueError, match="windsock_ready is a gauge"):
        RATES.rate(graph.READY)
    with pytest.raises(ValueError, match="windsock_store_read_seconds is a histogram"):
        RATES.maximum(features.STORE_READ)
