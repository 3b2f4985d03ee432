from pathlib import Path

from app.observability.documentation import document
from deployments.metrics.catalogue import METRICS

PAGE = Path(__file__).parents[4] / "docs/metrics.md"


def test_the_page_is_made_from_the_catalogue() -> None:
    assert PAGE.read_text() == document(), "make metrics writes it anew"


def test_each_metric_is_in_it_once() -> None:
    lines = document().splitlines()
    for metric in METRICS.values():
        (line,) = [line for line in lines if line.startswith(f"| `{metric.exported}` |")]
        assert metric.help.replace("|", "\\|") in line
        assert all(f"`{label.name}`" in line for label in metric.labels)


def test_each_label_says_what_it_may_be() -> None:
    text = document()
    for metric in METRICS.values():
        for label in metric.labels:
            values = ", ".join(f"`{value}`" for value in label.values)
            assert (values or f"up to {label.bound}") in text
