import re
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from app.config import EdgeArgs
from app.quota.settings import QuotaSettings
from tests.support.serve import ROOT

TWICE = [{"name": "a", "quota": 1}, {"name": "a", "unit": "rows", "quota": 2}]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"limits": TWICE}, "names of their own: a"),
        ({"limits": [{"name": "A b", "quota": 1}]}, "pattern"),
        ({"limits": [{"name": "a", "quota": 0}]}, "greater than or equal to 1"),
        ({"limits": [{"name": "a", "quota": 1, "window_s": 0.5}]}, "valid integer"),
        ({"limits": [{"name": "a", "quota": 1, "scope": "root"}]}, "'predict', 'feedback'"),
        ({"redis": {}, "replicas": 2}, "leave replicas out"),
        ({"redis": {"url": "http://127.0.0.1"}}, "must begin with redis://"),
        ({"redis": {"url": "redis://:hidden@127.0.0.1"}}, "must hold no password"),
        ({"redis": {"gone": "ajar"}}, "'open' or 'closed'"),
    ],
)
def test_what_cannot_hold_is_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        QuotaSettings.model_validate(wrong)


def test_without_principals_there_is_nobody_to_count() -> None:
    with pytest.raises(ValidationError, match="with auth off there are none"):
        EdgeArgs.model_validate({"auth": False, "quota": {}})


def test_the_example_of_the_shipped_config_is_one() -> None:
    text = (ROOT / "serve_config.yaml").read_text()
    commented = re.search(r"As:\n((?:  # .*\n)+)", text)
    assert commented
    lines = [line.removeprefix("  # ") for line in commented[1].splitlines()]

    quota = QuotaSettings.model_validate(yaml.safe_load("\n".join(lines)))

    assert [limit.name for limit in quota.limits] == ["second", "day"]
    assert quota.redis is not None


def test_the_examples_of_the_page_are_some() -> None:
    page = (ROOT / "docs" / "limits.md").read_text()
    first, *_ = re.findall(r"^    quota:\n(?:      .*\n)+", page, re.MULTILINE)

    document = yaml.safe_load(first)

    assert len(QuotaSettings.model_validate(document["quota"]).limits) == 3
