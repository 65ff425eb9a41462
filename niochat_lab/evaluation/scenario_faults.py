"""Faults that scenarios order at the sandbox, each for its own model and ERP."""

import asyncio
from collections.abc import Mapping

from niochat.cli.sandbox_client import SandboxClient
from niochat_lab.evaluation.definitions.scenario_schema import ScenarioFault

_PATH = "/sandbox/faults"


class ScenarioFaultClient:
    """The sandbox has one list for everybody, and replaces it as a whole: one change at a time."""

    def __init__(self, client: SandboxClient) -> None:
        self._client = client
        self._lock = asyncio.Lock()

    async def inject(self, key: str, fault: ScenarioFault) -> None:
        """Something goes wrong for who comes with that key."""
        body = fault.model_dump(mode="json", exclude_none=True)
        async with self._lock:
            await self._client.call_control("POST", _PATH, {**body, "token": key})

    async def withdraw(self, keys: set[str]) -> None:
        """Nothing goes wrong any more for those keys. Others' orders stay, less what was hit."""
        async with self._lock:
            ordered = (await self._client.call_control("GET", _PATH))["items"]
            standing = [fault for fault in ordered if _is_active(fault)]
            kept = [_remaining_rule(fault) for fault in standing if fault["token"] not in keys]
            # Unchanged otherwise: a list that is put anew forgets what is hit meanwhile.
            if len(kept) < len(standing):
                await self._client.call_control("PUT", _PATH, {"items": kept})


def _is_active(fault: Mapping[str, object]) -> bool:
    return fault["count"] is None or _remaining_rule(fault)["count"] != 0


def _remaining_rule(fault: Mapping[str, object]) -> dict[str, object]:
    """As it may be ordered again: how often it still happens, and not how often it did."""
    rest = {name: value for name, value in fault.items() if name != "hits" and value is not None}
    if fault["count"] is not None:
        rest["count"] = max(int(str(fault["count"])) - int(str(fault["hits"])), 0)
    return rest
