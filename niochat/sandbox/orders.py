"""The control API's switches: ledger, faults, delivery, model (below `/sandbox`)."""

from dataclasses import asdict, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from niochat.sandbox.control import exchange_object
from niochat.sandbox.faults import parse_fault
from niochat.sandbox.instances import Customer, Direction, Instance
from niochat.sandbox.rim import Refusal, answer, flag_in, number_in, read_json, read_object
from niochat.sandbox.world import World


class Orders:
    """What an operator of the sandbox sets and reads."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """The routes below `/sandbox`."""
        return [
            Route("/ledger", self.ledger, methods=["GET"]),
            Route("/ledger", self.empty_ledger, methods=["DELETE"]),
            Route("/faults", self.faults, methods=["GET"]),
            Route("/faults", self.put_faults, methods=["PUT"]),
            Route("/faults", self.add_fault, methods=["POST"]),
            Route("/faults", self.clear_faults, methods=["DELETE"]),
            Route("/delivery", self.delivery, methods=["GET"]),
            Route("/delivery", self.put_delivery, methods=["PUT"]),
            Route("/model", self.model, methods=["GET"]),
            Route("/model", self.put_model, methods=["PUT"]),
        ]

    async def ledger(self, request: Request) -> Response:
        """Everything on every phone; `?token=` narrows to one instance."""
        lines: dict[Direction, list[dict[str, Any]]] = {each: [] for each in Direction}
        for instance in self._chosen(request):
            for customer in instance.customers.values():
                for direction, line in _lines(instance, customer):
                    lines[direction].append(line)
        return answer({direction.value: found for direction, found in lines.items()})

    async def empty_ledger(self, request: Request) -> Response:
        for instance in self._chosen(request):
            instance.forget_messages()
        return Response(status_code=204)

    async def faults(self, _request: Request) -> Response:
        return answer({"items": [fault.described() for fault in self._world.faults.faults]})

    async def put_faults(self, request: Request) -> Response:
        """Replaces the list; a bare list or `{"items": […]}`."""
        body = await read_json(request)
        orders = body.get("items") if isinstance(body, dict) else body
        if not isinstance(orders, list):
            raise Refusal(400, "a list of faults is expected")
        self._world.faults.faults = [parse_fault(order) for order in orders]
        return await self.faults(request)

    async def add_fault(self, request: Request) -> Response:
        self._world.faults.faults.append(parse_fault(await read_json(request)))
        return await self.faults(request)

    async def clear_faults(self, request: Request) -> Response:
        """All of them; with `?token=`, which may be repeated, those of these tokens alone."""
        tokens = request.query_params.getlist("token")
        book = self._world.faults
        book.faults = [each for each in book.faults if tokens and each.token not in tokens]
        return Response(status_code=204)

    async def delivery(self, request: Request) -> Response:
        return answer(asdict(self._world.delivery_of(self._named(request))))

    async def put_delivery(self, request: Request) -> Response:
        """Changes the fields given, all or none; with `?token=`, for that instance alone."""
        body = await read_object(request)
        instance = self._named(request)
        now = self._world.delivery_of(instance)
        if instance is not None and instance.delivery is None:
            now = instance.delivery = replace(now)
        repeat = max(1, int(number_in(body, "repeat", now.repeat)))
        copies = max(1, int(number_in(body, "copies", now.copies)))
        delay = number_in(body, "repeat_delay_s", now.repeat_delay_s)
        flags = {key: flag_in(body, key, getattr(now, key)) for key in _FLAGS}
        now.repeat, now.copies, now.repeat_delay_s = repeat, copies, delay
        for key, value in flags.items():
            setattr(now, key, value)
        return answer(asdict(now))

    async def model(self, _request: Request) -> Response:
        return answer(asdict(self._world.model))

    async def put_model(self, request: Request) -> Response:
        """Changes the fields given, all or none."""
        body = await read_object(request)
        now = self._world.model
        latency = number_in(body, "latency_s", now.latency_s)
        chunk = number_in(body, "stream_chunk_delay_s", now.stream_chunk_delay_s)
        now.latency_s, now.stream_chunk_delay_s = latency, chunk
        return answer(asdict(now))

    def _named(self, request: Request) -> Instance | None:
        """The instance of `?token=`, if there is one."""
        token = request.query_params.get("token")
        if token is None:
            return None
        if token not in self._world.instances:
            raise Refusal(404, "no such instance")
        return self._world.instances[token]

    def _chosen(self, request: Request) -> list[Instance]:
        token = request.query_params.get("token")
        instances = self._world.instances.values()
        return [each for each in instances if token in (None, each.token)]


_FLAGS = ("echo", "acks", "acks_first")


def _lines(instance: Instance, customer: Customer) -> list[tuple[Direction, dict[str, Any]]]:
    who = {"token": instance.token, "phone": customer.phone}
    return [
        (
            line.direction,
            {
                **who,
                **exchange_object(line),
                "answered": line.answered,
                "attempts": line.attempts,
            },
        )
        for line in customer.exchanges
    ]
