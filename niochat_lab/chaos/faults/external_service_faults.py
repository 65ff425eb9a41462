"""Faults of gateway, model and ERP, injected by the sandbox."""

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


async def disconnect_gateway(stack: RunningStack) -> InjectedFault:
    """Disconnect the gateway: it neither responds nor posts webhooks.

    Meanwhile WhatsApp keeps what customers write, and delivers it in order after the reconnection.
    """
    inject = inject_sandbox_faults("gateway", *GATEWAY_DOWN)
    await _set_connection(stack, "disconnected", GATEWAY_DOWN)
    injected = await inject(stack)

    async def heal() -> str:
        seen = await injected.heal()
        await _set_connection(stack, "connected", ())
        return seen

    return InjectedFault(injected.target, heal)


async def _set_connection(
    stack: RunningStack, status: str, faults: Sequence[dict[str, Any]]
) -> None:
    """Change the connection while ``faults`` are active: a dying gateway does not announce it."""
    await stack.client.call_control("PUT", "/sandbox/faults", list(faults))
    path = f"/sandbox/instances/{stack.environment['NIOCHAT_SANDBOX_TOKEN']}/connection"
    await stack.client.call_control("POST", path, {"status": status})


def inject_sandbox_faults(
    what: str, *faults: dict[str, Any]
) -> Callable[[RunningStack], Awaitable[InjectedFault]]:
    """Inject these faults of the sandbox until the repair."""

    async def inject(stack: RunningStack) -> InjectedFault:
        await stack.client.call_control("PUT", "/sandbox/faults", list(faults))

        async def heal() -> str:
            found = await stack.client.call_control("GET", "/sandbox/faults")
            await stack.client.call_control("DELETE", "/sandbox/faults")
            hits = [f"{each['target']} {each['hits']}" for each in found["items"]]
            return f"times met: {', '.join(hits)}"

        return InjectedFault(what, heal)

    return inject
