"""The world outside: gateway, model and ERP, disturbed by orders to the sandbox."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from niochat_lab.chaos.fault_definition import InjectedFault
from niochat_lab.chaos.running_stack import RunningStack

GATEWAY_DOWN = ({"target": "gateway", "kind": "drop"}, {"target": "webhook", "kind": "drop"})
GATEWAY_RESPONSES_LOST = (
    {"target": "gateway", "kind": "lost_answer", "path": "/send", "probability": 0.5},
    {"target": "webhook", "kind": "lost_answer", "probability": 0.3},
)
MODEL_HANGING = ({"target": "model", "kind": "hang", "seconds": 60, "probability": 0.3},)
ERP_HTML_RESPONSES = ({"target": "sgp", "kind": "html"},)


async def disconnect_gateway(arena: RunningStack) -> InjectedFault:
    """It answers nothing and posts nothing. What customers write waits at WhatsApp meanwhile,
    and arrives in its order once the gateway's session is back.
    """
    away = inject_sandbox_faults("gateway", *GATEWAY_DOWN)
    await _set_connection(arena, "disconnected", GATEWAY_DOWN)
    injury = await away(arena)

    async def heal() -> str:
        seen = await injury.heal()
        await _set_connection(arena, "connected", ())
        return seen

    return InjectedFault(injury.target, heal)


async def _set_connection(
    arena: RunningStack, status: str, faults: Sequence[dict[str, Any]]
) -> None:
    """Change it under ``faults``: a gateway that dies does not say so."""
    await arena.client.call_control("PUT", "/sandbox/faults", list(faults))
    path = f"/sandbox/instances/{arena.environment['NIOCHAT_SANDBOX_TOKEN']}/connection"
    await arena.client.call_control("POST", path, {"status": status})


def inject_sandbox_faults(
    what: str, *faults: dict[str, Any]
) -> Callable[[RunningStack], Awaitable[InjectedFault]]:
    """These faults of the sandbox, until the heal."""

    async def inject(arena: RunningStack) -> InjectedFault:
        await arena.client.call_control("PUT", "/sandbox/faults", list(faults))

        async def heal() -> str:
            found = await arena.client.call_control("GET", "/sandbox/faults")
            await arena.client.call_control("DELETE", "/sandbox/faults")
            hits = [f"{each['target']} {each['hits']}" for each in found["items"]]
            return f"times met: {', '.join(hits)}"

        return InjectedFault(what, heal)

    return inject
