import pytest

from app.start.failure import UPDATE_REFUSED, failure

TOLD = "Failed to update the deployments ['Ingress']."
MESSAGE = """The deployment failed to start 3 times in a row. See controller logs. Error:
Traceback (most recent call last):
  File "replica.py", line 1, in reconfigure
app.serving.errors.RowFailed: on-demand view 'fare' failed for this row: TypeError

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
    ],
    ids=["application", "traceback", "nothing", "update", "deployment", "silent"],
)
def test_it_names_the_exception(
    deployments: dict[str, dict[str, str]], message: str, reason: str
) -> None:
    assert failure({"deployments": deployments, "message": message}) == reason
