"""Holds the registry of today to what a bundle was trained on."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from deployments.bundle.schema import ServiceSchema
from deployments.features.plan import ServiceError, ServicePlan
from deployments.features.resolve import resolve
from deployments.features.store.feast import FeatureStore
from deployments.log import get_logger

logger = get_logger(__name__)


def checked_plan(
    store: FeatureStore, promised: ServiceSchema, code: Mapping[str, str] | None = None
) -> ServicePlan:
    """The plan of what a bundle was trained on; ``code`` is what its on-demand views were then.

    What the service has gained since is left out. A time to live stays the bundle's, as in the
    join that made the training data; ``warnings`` say where the registry has another by now.
    Raises ServiceError naming the first thing that is gone or another.
    """
    plan = resolve(store, promised.service, promised)
    differences = [
        *promised.differences(_comparable(plan, promised, code or {})),
        *_other_code(code or {}, plan.code),
    ]
    if differences:
        more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
        raise ServiceError(
            f"feature service {promised.service!r} is not what the bundle was trained on: "
            f"{differences[0]}{more}; run `feast apply` with that definition, or train again"
        )
    warnings = []
    stored = []
    for view in plan.stored:
        now_s, ttl_s = view.ttl.total_seconds(), promised.views[view.name].ttl_s
        if now_s != ttl_s:
            warnings.append(
                f"the time to live of {view.name!r} is {now_s:.12g} s in the registry and "
                f"{ttl_s:.12g} s in the bundle, which is what counts until it is trained again "
                "(`max_age_s` of the view's policy sets another)"
            )
        stored.append(replace(view, ttl=timedelta(seconds=ttl_s)))
    return replace(plan, stored=tuple(stored), schema=promised, warnings=tuple(warnings))


def _other_code(known: Mapping[str, str], live: Mapping[str, str]) -> list[str]:
    """On-demand views that compute something else by now; of one that is not known, the log says
    that nobody can tell."""
    if unknown := sorted(live.keys() - known.keys()):
        logger.warning(
            "the bundle does not say what the code of on-demand view %s was, so that is not "
            "checked: write the bundle again",
            ", ".join(map(repr, unknown)),
        )
    return [
        f"the code of on-demand view {name!r} is another"
        for name in sorted(live.keys() & known.keys())
        if live[name] != known[name]
    ]


def _comparable(
    plan: ServicePlan, promised: ServiceSchema, code: Mapping[str, str]
) -> ServiceSchema:
    """The registry's schema without what is no matter: times to live, and request fields that came
    to be since, where no code that is the same as before can ask for them."""
    live = plan.schema
    views = {
        name: view.model_copy(update={"ttl_s": promised.views[name].ttl_s})
        if name in promised.views
        else view
        for name, view in live.views.items()
    }
    request = live.request
    if plan.code.keys() <= code.keys():
        request = {name: dtype for name, dtype in request.items() if name in promised.request}
    return live.model_copy(update={"views": views, "request": request})
