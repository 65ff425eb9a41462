"""The control API for the message ledger, faults, delivery and model settings, below
``/sandbox``.
"""

from dataclasses import asdict, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from niochat_sandbox.control.phone_control_api import format_phone_message
from niochat_sandbox.fault_injection.fault_rules import parse_fault_rule
from niochat_sandbox.gateway.gateway_instances import (
    MessageDirection,
    SimulatedCustomer,
    SimulatedInstance,
)
from niochat_sandbox.http_json import (
    SandboxApiError,
    json_response,
    parse_flag_field,
    parse_number_field,
    read_json,
    read_object,
)
from niochat_sandbox.sandbox_state import SandboxState


class SettingsControlApi:
    """Routes that read and change the sandbox's settings."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """The routes below ``/sandbox``."""
        return [
            Route("/ledger", self.show_message_ledger, methods=["GET"]),
            Route("/ledger", self.clear_message_ledger, methods=["DELETE"]),
            Route("/faults", self.list_faults, methods=["GET"]),
            Route("/faults", self.put_faults, methods=["PUT"]),
            Route("/faults", self.add_fault, methods=["POST"]),
            Route("/faults", self.clear_faults, methods=["DELETE"]),
            Route("/delivery", self.show_delivery, methods=["GET"]),
            Route("/delivery", self.put_delivery, methods=["PUT"]),
            Route("/model", self.show_model, methods=["GET"]),
            Route("/model", self.put_model, methods=["PUT"]),
        ]

    async def show_message_ledger(self, request: Request) -> Response:
        """Return all messages on all phones; ``?token=`` selects one instance."""
        messages: dict[MessageDirection, list[dict[str, Any]]] = {
            each: [] for each in MessageDirection
        }
        for instance in self._selected_instances(request):
            for customer in instance.customers.values():
                for direction, message in _format_messages(instance, customer):
                    messages[direction].append(message)
        return json_response({direction.value: found for direction, found in messages.items()})

    async def clear_message_ledger(self, request: Request) -> Response:
        for instance in self._selected_instances(request):
            instance.forget_messages()
        return Response(status_code=204)

    async def list_faults(self, _request: Request) -> Response:
        return json_response({"items": [fault.as_dict() for fault in self._state.faults.faults]})

    async def put_faults(self, request: Request) -> Response:
        """Replace the fault rules; the body is a list or ``{"items": […]}``."""
        body = await read_json(request)
        rules = body.get("items") if isinstance(body, dict) else body
        if not isinstance(rules, list):
            raise SandboxApiError(400, "a list of faults is expected")
        self._state.faults.faults = [parse_fault_rule(rule) for rule in rules]
        return await self.list_faults(request)

    async def add_fault(self, request: Request) -> Response:
        self._state.faults.faults.append(parse_fault_rule(await read_json(request)))
        return await self.list_faults(request)

    async def clear_faults(self, request: Request) -> Response:
        """Remove all fault rules, or those of the tokens in ``?token=``, which may be repeated."""
        tokens = request.query_params.getlist("token")
        rule_set = self._state.faults
        rule_set.faults = [each for each in rule_set.faults if tokens and each.token not in tokens]
        return Response(status_code=204)

    async def show_delivery(self, request: Request) -> Response:
        return json_response(
            asdict(self._state.delivery_settings_for(self._find_instance(request)))
        )

    async def put_delivery(self, request: Request) -> Response:
        """Change the given fields, all or none; ``?token=`` limits the change to one instance."""
        body = await read_object(request)
        instance = self._find_instance(request)
        settings = self._state.delivery_settings_for(instance)
        if instance is not None and instance.delivery is None:
            settings = instance.delivery = replace(settings)
        repeat = max(1, int(parse_number_field(body, "repeat", settings.repeat)))
        copies = max(1, int(parse_number_field(body, "copies", settings.copies)))
        delay = parse_number_field(body, "repeat_delay_s", settings.repeat_delay_s)
        flags = {key: parse_flag_field(body, key, getattr(settings, key)) for key in _FLAGS}
        settings.repeat, settings.copies, settings.repeat_delay_s = repeat, copies, delay
        for key, value in flags.items():
            setattr(settings, key, value)
        return json_response(asdict(settings))

    async def show_model(self, _request: Request) -> Response:
        return json_response(asdict(self._state.model))

    async def put_model(self, request: Request) -> Response:
        """Change the given fields, all or none."""
        body = await read_object(request)
        settings = self._state.model
        latency = parse_number_field(body, "latency_s", settings.latency_s)
        chunk = parse_number_field(body, "stream_chunk_delay_s", settings.stream_chunk_delay_s)
        settings.latency_s, settings.stream_chunk_delay_s = latency, chunk
        return json_response(asdict(settings))

    def _find_instance(self, request: Request) -> SimulatedInstance | None:
        """The instance of ``?token=``, or ``None`` without that parameter."""
        token = request.query_params.get("token")
        if token is None:
            return None
        if token not in self._state.instances:
            raise SandboxApiError(404, "no such instance")
        return self._state.instances[token]

    def _selected_instances(self, request: Request) -> list[SimulatedInstance]:
        token = request.query_params.get("token")
        instances = self._state.instances.values()
        return [each for each in instances if token in (None, each.token)]


_FLAGS = ("echo", "acks", "acks_first")


def _format_messages(
    instance: SimulatedInstance, customer: SimulatedCustomer
) -> list[tuple[MessageDirection, dict[str, Any]]]:
    owner = {"token": instance.token, "phone": customer.phone}
    return [
        (
            message.direction,
            {
                **owner,
                **format_phone_message(message),
                "answered": message.answered,
                "attempts": message.attempts,
            },
        )
        for message in customer.messages
    ]
