"""The world outside: gateway, model and ERP, disturbed by orders to the sandbox."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from niochat.cli.chaos.arena import Arena
from niochat.cli.chaos.fault import Injury

AWAY = ({"target": "gateway", "kind": "drop"}, {"target": "webhook", "kind": "drop"})
ANSWERS_LOST = (
    {"target": "gateway", "kind": "lost_answer", "path": "/send", "probability": 0.5},
    {"target": "webhook", "kind": "lost_answer", "probability": 0.3},
)
MODEL_HANGS = ({"target": "model", "kind": "hang", "seconds": 60, "probability": 0.3},)
ERP_PAGES = ({"target": "sgp", "kind": "html"},)


async def take_the_gateway_away(arena: Arena) -> Injury:
    """It answers nothing and posts nothing. What customers write waits at WhatsApp meanwhile,
    and arrives in its order once the gateway's session is back.
    """
    away = order("gateway", *AWAY)
    await _session(arena, "disconnected", AWAY)
    injury = await away(arena)

    async def heal() -> str:
        seen = await injury.heal()
        await _session(arena, "connected", ())
        return seen

    return Injury(injury.target, heal)


async def _session(arena: Arena, status: str, faults: Sequence[dict[str, Any]]) -> None:
    """Change it under ``faults``: a gateway that dies does not say so."""
    await arena.client.call_control("PUT", "/sandbox/faults", list(faults))
    path = f"/sandbox/instances/{arena.told['NIOCHAT_SANDBOX_TOKEN']}/connection"
    await arena.client.call_control("POST", path, {"status": status})


def order(what: str, *faults: dict[str, Any]) -> Callable[[Arena], Awaitable[Injury]]:
    """These faults of the sandbox, until the heal."""

    async def inject(arena: Arena) -> Injury:
        await arena.client.call_control("PUT", "/sandbox/faults", list(faults))

        async def heal() -> str:
            found = await arena.client.call_control("GET", "/sandbox/faults")
            await arena.client.call_control("DELETE", "/sandbox/faults")
            hits = [f"{each['target']} {each['hits']}" for each in found["items"]]
            return f"times met: {', '.join(hits)}"

        return Injury(what, heal)

    return inject
