"""The guards that a config asks for: what is off is not even imported."""

from collections.abc import Iterator

from app.config import EdgeArgs, GraphArgs
from app.edge.guards import (
    Authenticator,
    Feedback,
    Guard,
    Guards,
    Limiter,
    Observer,
    Recorder,
)


def guards_of(args: EdgeArgs) -> Guards:
    """Those that these args declare, not started yet."""
    return Guards(
        _authenticator(args),
        _limiter(args),
        [*_recorders(args)],
        [*_observers(args)],
        _feedback(args),
        _aside(args),
    )


def _authenticator(args: EdgeArgs) -> Authenticator | None:
    if not args.auth:
        return None
    from app.access.authenticator import CredentialAuthenticator
    from app.access.followed_keys import FollowedKeys

    tokens = None
    if args.auth.tokens:
        from app.access.tokens import Tokens

        tokens = Tokens(args.auth.tokens)
    return CredentialAuthenticator(FollowedKeys(args.auth), tokens, args.auth.tickets.valid_s)


def _limiter(args: EdgeArgs) -> Limiter | None:
    if not args.auth:
        return None
    quota = args.quota
    if quota is not None and quota.redis is not None:
        from app.quota.shared_limiter import SharedLimiter

        return SharedLimiter(quota.limits, quota.redis)
    from app.quota.limiter import LocalLimiter

    # Without a quota there is still what keys have of their own.
    return LocalLimiter(quota.limits, quota.replicas) if quota else LocalLimiter([])


def _recorders(args: EdgeArgs) -> Iterator[Recorder]:
    if args.audit:
        from app.audit.log import AuditLog

        yield AuditLog(args.audit, anonymous=not args.auth)
    observed = args.observability
    if observed.predictions:
        from app.observability.predictions.recorder import PredictionRecorder

        yield PredictionRecorder(observed.predictions, anonymous=not args.auth)
    if observed.drift and isinstance(args, GraphArgs):
        from app.observability.drift.recorder import DriftRecorder

        yield DriftRecorder(observed.drift, args.model.bundles)
    if observed.skew:
        from app.observability.skew.sampler import SkewSampler

        yield SkewSampler(observed.skew)
    if observed.served_log and observed.served_log.rates:
        from app.observability.served_log.recorder import ServedLog

        yield ServedLog(observed.served_log)


def _observers(args: EdgeArgs) -> Iterator[Observer]:
    if args.observability.traces:
        from app.observability.traces.traces import Traces

        yield Traces(args.observability.traces)
    if args.observability.request_log:
        # Behind the traces, whose ids its lines have.
        from app.observability.request_log.log import RequestLog

        yield RequestLog(args.observability.request_log)


def _feedback(args: EdgeArgs) -> Feedback | None:
    observed = args.observability
    if observed.feedback is None or observed.predictions is None:
        return None
    from app.observability.feedback.guard import OutcomeGuard

    return OutcomeGuard(observed.feedback, observed.predictions)


def _aside(args: EdgeArgs) -> Guard | None:
    if not isinstance(args, GraphArgs) or not args.observability.aside:
        return None
    from app.observability.aside.keeper import Keeper

    return Keeper(args)
