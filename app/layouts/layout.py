"""What the two layouts have in common."""

from typing import Protocol

from app.chain import Chain
from app.config import IngressSettings


class Layout(Protocol):
    """The stages as the ingress sees them; ``settings`` is the form of its ``user_config``."""

    settings: type[IngressSettings]
    chain: Chain

    def reconfigure(self, settings: IngressSettings) -> None:
        """Pass changed settings on to the stages that live in this process."""
