"""What the two layouts have in common."""

from typing import Protocol

from app.config import IngressSettings
from app.serving.chain import Chain


class GraphLayout(Protocol):
    """The stages as the ingress sees them; ``settings`` is the form of its ``user_config``."""

    settings: type[IngressSettings]
    chain: Chain

    def reconfigure(self, settings: IngressSettings) -> None:
        """Pass changed settings on to the stages that live in this process."""

    async def check(self) -> None:
        """Raises, or does not return, where one works no more and only a new process can help."""
