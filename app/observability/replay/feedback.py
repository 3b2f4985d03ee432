"""Sends outcomes to ``POST /feedback``."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from windsock import WindsockError

_TIMEOUT_S = 10.0


class Feedback:
    """To one service, as a context."""

    def __init__(self, url: str, key: str | None) -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=_TIMEOUT_S, trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def tell(self, outcomes: Sequence[Mapping[str, Any]]) -> int:
        """How many of them were taken. Raises WindsockError."""
        try:
            answer = await self._client.post("/feedback", json={"outcomes": list(outcomes)})
        except httpx.TransportError as failed:
            raise WindsockError(str(failed), code="connection_failed") from failed
        if answer.is_success:
            return len(outcomes)
        try:
            said = answer.json()["error"]
            code, message = str(said["code"]), str(said["message"])
        except (ValueError, KeyError, TypeError):
            code, message = f"http_{answer.status_code}", answer.text[:200]
        raise WindsockError(message, code=code)
