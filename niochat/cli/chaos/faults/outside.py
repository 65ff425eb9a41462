"""The world outside: gateway, model and ERP, disturbed by orders to the sandbox."""

from collections.abc import Awaitable, Callable
from typing import Any

from niochat.cli.chaos.arena import Arena
from niochat.cli.chaos.fault import Injury

GATEWAY_AWAY = ({"target": "gateway", "kind": "drop"}, {"target": "webhook", "kind": "drop"})
ANSWERS_LOST = (
    {"target": "gateway", "kind": "lost_answer", "path": "/send", "probability": 0.5},
    {"target": "webhook", "kind": "lost_answer", "probability": 0.3},
)
MODEL_HANGS = ({"target": "model", "kind": "hang", "seconds": 60, "probability": 0.3},)
ERP_PAGES = ({"target": "sgp", "kind": "html"},)


def order(what: str, *faults: dict[str, Any]) -> Callable[[Arena], Awaitable[Injury]]:
    """These faults of the sandbox, until the heal."""

    async def inject(arena: Arena) -> Injury:
        await arena.client.control("PUT", "/sandbox/faults", list(faults))

        async def heal() -> str:
            found = await arena.client.control("GET", "/sandbox/faults")
            await arena.client.control("DELETE", "/sandbox/faults")
            hits = [f"{each['target']} {each['hits']}" for each in found["items"]]
            return f"times met: {', '.join(hits)}"

        return Injury(what, heal)

    return inject
