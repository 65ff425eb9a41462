"""Injects the faults of scenarios into the sandbox, each for its own model and ERP."""

import asyncio
from collections.abc import Mapping

from niochat.cli.sandbox_client import SandboxClient
from niochat_lab.evaluation.definitions.scenario_schema import ScenarioFault

_PATH = "/sandbox/faults"


class ScenarioFaultClient:
    """The sandbox has one list of fault rules for all scenarios, so that changes are serialized."""

    def __init__(self, client: SandboxClient) -> None:
        self._client = client
        self._lock = asyncio.Lock()

    async def inject(self, key: str, fault: ScenarioFault) -> None:
        """Inject a fault for requests with this key."""
        body = fault.model_dump(mode="json", exclude_none=True)
        async with self._lock:
            await self._client.call_control("POST", _PATH, {**body, "token": key})

    async def withdraw(self, keys: set[str]) -> None:
        """Remove the faults of these keys. The rules of other keys remain, with their remaining
        counts.
        """
        async with self._lock:
            rules = (await self._client.call_control("GET", _PATH))["items"]
            active = [fault for fault in rules if _is_active(fault)]
            kept = [_remaining_rule(fault) for fault in active if fault["token"] not in keys]
            # Skip the write if nothing changes: replacing the list discards hits that happen
            # meanwhile.
            if len(kept) < len(active):
                await self._client.call_control("PUT", _PATH, {"items": kept})


def _is_active(fault: Mapping[str, object]) -> bool:
    return fault["count"] is None or _remaining_rule(fault)["count"] != 0


def _remaining_rule(fault: Mapping[str, object]) -> dict[str, object]:
    """The rule with its remaining count, as it may be posted again."""
    rest = {name: value for name, value in fault.items() if name != "hits" and value is not None}
    if fault["count"] is not None:
        rest["count"] = max(int(str(fault["count"])) - int(str(fault["hits"])), 0)
    return rest
