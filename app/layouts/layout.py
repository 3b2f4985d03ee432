"""What the two layouts have in common."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.config import IngressSettings
from app.serving.chain import Chain
from deployments.model_id import ModelId


class GraphLayout(Protocol):
    """The stages as the ingress sees them; ``settings`` is the form of its ``user_config``."""

    settings: type[IngressSettings]
    chain: Chain

    def reconfigure(self, settings: IngressSettings) -> None:
        """Pass changed settings on to the stages that live in this process."""

    async def check(self) -> None:
        """Raises, or does not return, where one works no more and only a new process can help."""

    async def remember(self, model: ModelId) -> None:
        """Ask the stages for what stands in for them while they cannot be reached."""

    def silent(self) -> Mapping[str, str]:
        """Why a stage cannot be reached now, by the name of its deployment: no batch gets through
        while there is one. Cheap to ask; says nothing of stages that are reached and fail."""

    def ejected(self) -> Mapping[str, Sequence[str]]:
        """Replicas that get no batch while others are there, since they do not answer, by the name
        of their deployment."""
