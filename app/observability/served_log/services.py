"""Which feature services have a ``LoggingConfig``."""

from app.config import GraphArgs
from deployments.features.lookup import open_store
from deployments.features.plan import ServiceError
from deployments.features.store.feast import FeatureStore
from deployments.log import get_logger

logger = get_logger(__name__)


def rates_of(store: FeatureStore) -> dict[str, float]:
    """By feature service that has one the share of rows that it wants logged."""
    return {
        service.name: float(service.logging_config.sample_rate)
        for service in store.list_feature_services()
        if service.logging_config is not None
    }


def with_rates(args: GraphArgs) -> GraphArgs:
    """These args, saying how much is logged of which service, as the registry has it now."""
    settings = args.observability.served_log
    if not settings or settings.rates is not None:
        return args
    try:
        rates = rates_of(open_store(args.feature_store.repo, args.feature_store.yaml))
    except ServiceError as error:
        logger.warning("whether served rows are to be logged cannot be told: %s", error)
        rates = {}
    found = settings.model_copy(update={"rates": rates})
    looked_at = args.observability.model_copy(update={"served_log": found})
    return args.model_copy(update={"observability": looked_at})
