"""The control API's switches: ledger, faults, delivery, model (below `/sandbox`)."""

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
    """What an operator of the sandbox sets and reads."""

    def __init__(self, world: SandboxState) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """The routes below `/sandbox`."""
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
        """Everything on every phone; `?token=` narrows to one instance."""
        lines: dict[MessageDirection, list[dict[str, Any]]] = {
            each: [] for each in MessageDirection
        }
        for instance in self._selected_instances(request):
            for customer in instance.customers.values():
                for direction, line in _format_messages(instance, customer):
                    lines[direction].append(line)
        return json_response({direction.value: found for direction, found in lines.items()})

    async def clear_message_ledger(self, request: Request) -> Response:
        for instance in self._selected_instances(request):
            instance.forget_messages()
        return Response(status_code=204)

    async def list_faults(self, _request: Request) -> Response:
        return json_response({"items": [fault.as_dict() for fault in self._world.faults.faults]})

    async def put_faults(self, request: Request) -> Response:
        """Replaces the list; a bare list or `{"items": […]}`."""
        body = await read_json(request)
        orders = body.get("items") if isinstance(body, dict) else body
        if not isinstance(orders, list):
            raise SandboxApiError(400, "a list of faults is expected")
        self._world.faults.faults = [parse_fault_rule(order) for order in orders]
        return await self.list_faults(request)

    async def add_fault(self, request: Request) -> Response:
        self._world.faults.faults.append(parse_fault_rule(await read_json(request)))
        return await self.list_faults(request)

    async def clear_faults(self, request: Request) -> Response:
        """All of them; with `?token=`, which may be repeated, those of these tokens alone."""
        tokens = request.query_params.getlist("token")
        book = self._world.faults
        book.faults = [each for each in book.faults if tokens and each.token not in tokens]
        return Response(status_code=204)

    async def show_delivery(self, request: Request) -> Response:
        return json_response(
            asdict(self._world.delivery_settings_for(self._find_instance(request)))
        )

    async def put_delivery(self, request: Request) -> Response:
        """Changes the fields given, all or none; with `?token=`, for that instance alone."""
        body = await read_object(request)
        instance = self._find_instance(request)
        now = self._world.delivery_settings_for(instance)
        if instance is not None and instance.delivery is None:
            now = instance.delivery = replace(now)
        repeat = max(1, int(parse_number_field(body, "repeat", now.repeat)))
        copies = max(1, int(parse_number_field(body, "copies", now.copies)))
        delay = parse_number_field(body, "repeat_delay_s", now.repeat_delay_s)
        flags = {key: parse_flag_field(body, key, getattr(now, key)) for key in _FLAGS}
        now.repeat, now.copies, now.repeat_delay_s = repeat, copies, delay
        for key, value in flags.items():
            setattr(now, key, value)
        return json_response(asdict(now))

    async def show_model(self, _request: Request) -> Response:
        return json_response(asdict(self._world.model))

    async def put_model(self, request: Request) -> Response:
        """Changes the fields given, all or none."""
        body = await read_object(request)
        now = self._world.model
        latency = parse_number_field(body, "latency_s", now.latency_s)
        chunk = parse_number_field(body, "stream_chunk_delay_s", now.stream_chunk_delay_s)
        now.latency_s, now.stream_chunk_delay_s = latency, chunk
        return json_response(asdict(now))

    def _find_instance(self, request: Request) -> SimulatedInstance | None:
        """The instance of `?token=`, if there is one."""
        token = request.query_params.get("token")
        if token is None:
            return None
        if token not in self._world.instances:
            raise SandboxApiError(404, "no such instance")
        return self._world.instances[token]

    def _selected_instances(self, request: Request) -> list[SimulatedInstance]:
        token = request.query_params.get("token")
        instances = self._world.instances.values()
        return [each for each in instances if token in (None, each.token)]


_FLAGS = ("echo", "acks", "acks_first")


def _format_messages(
    instance: SimulatedInstance, customer: SimulatedCustomer
) -> list[tuple[MessageDirection, dict[str, Any]]]:
    who = {"token": instance.token, "phone": customer.phone}
    return [
        (
            line.direction,
            {
                **who,
                **format_phone_message(line),
                "answered": line.answered,
                "attempts": line.attempts,
            },
        )
        for line in customer.messages
    ]
