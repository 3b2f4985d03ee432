"""Where the log of a feature service goes."""

import copy
from pathlib import Path
from typing import Any

from feast.feature_logging import LoggingConfig
from feast.infra.offline_stores.file_source import FileLoggingDestination

from deployments.features.store.feast import FeatureStore


def destined(store: FeatureStore, service: Any) -> Any:
    """The service with a destination that can be written from any working directory: files below a
    relative path are in the repo, as Feast's commands, which run there, have them. Their folder is
    made where it is not there. Raises OSError."""
    destination = service.logging_config.destination
    if not isinstance(destination, FileLoggingDestination) or "://" in destination.path:
        return service
    folder = Path(store.repo_path, destination.path)
    folder.mkdir(parents=True, exist_ok=True)
    there = FileLoggingDestination(
        path=str(folder),
        s3_endpoint_override=destination.s3_endpoint_override,
        partition_by=destination.partition_by,
    )
    found = copy.copy(service)
    found.logging_config = LoggingConfig(there, service.logging_config.sample_rate)
    return found
