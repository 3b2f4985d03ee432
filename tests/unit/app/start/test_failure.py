import pytest

from app.start.failure import UPDATE_REFUSED, failure

TOLD = "Failed to update the deployments ['Ingress']."
MESSAGE = """The deployment failed to start 3 times in a row. See controller logs. Error:
Traceback (most recent call last):
  File "replica.py", line 1, in reconfigure
app.serving.errors.RowFailed: on-demand view 'fare' failed for this row: TypeError

"""
# Words of Ray 2.60 and of pydantic.
UNHEALTHY = (
    "A replica's health check failed. This deployment will be UNHEALTHY until the replica recovers "
    "or a new deploy happens."
)
REFUSED = """pydantic_core._pydantic_core.ValidationError: 1 validation error for GraphArgs
limits.max_instances
  Input should be greater than or equal to 1 [type=greater_than_equal, input_value=-3]
    For further information visit https://errors.pydantic.dev
"""


@pytest.mark.parametrize(
    ("deployments", "message", "reason"),
    [
        ({}, TOLD, TOLD),
        ({}, "Traceback:\n  line\nValueError: no\n\nFor further information see", "ValueError: no"),
        ({}, "", "the deployment failed"),
        ({}, f"Deploying failed with:\n{UPDATE_REFUSED}no bundle", "no bundle"),
        (
            {
                "Ingress": {"status": "DEPLOY_FAILED", "message": MESSAGE},
                "Model": {"status": "HEALTHY", "message": "as ever"},
            },
            TOLD,
            "Ingress: app.serving.errors.RowFailed: on-demand view 'fare' failed for this row: "
            "TypeError",
        ),
        ({"Ingress": {"status": "UNHEALTHY", "message": ""}}, TOLD, TOLD),
        (
            {"Model": {"status": "UNHEALTHY", "message": UNHEALTHY}},
            TOLD,
            "Model: A replica's health check failed.",
        ),
        ({}, REFUSED, "limits.max_instances: Input should be greater than or equal to 1"),
    ],
    ids=[
        *("application", "traceback", "nothing", "update", "deployment", "silent"),
        *("unhealthy", "settings"),
    ],
)
def test_it_names_the_exception(
    deployments: dict[str, dict[str, str]], message: str, reason: str
) -> None:
    assert failure({"deployments": deployments, "message": message}) == reason
