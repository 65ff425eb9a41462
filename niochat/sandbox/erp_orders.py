"""The control API's part for the simulated ERP (below `/sandbox/sgp/{token}`)."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from niochat.sandbox.erp_ledger import TOKEN_BEGINNING, Installation, Installations
from niochat.sandbox.rim import Body, Refusal, answer, read_object
from niochat.sandbox.sgp_invoices import pay
from niochat.sandbox.subscribers import Contract, Line, Status, Subscriber

_CHANGES = ("status", "line", "promises", "paid", "contract")


class ErpOrders:
    """What an operator of the sandbox reads and changes in an installation of the ERP."""

    def __init__(self, erps: Installations) -> None:
        self._erps = erps

    def routes(self) -> list[Route]:
        """The routes below `/sandbox`."""
        here = "/sgp/{token}"
        return [
            Route(f"{here}/ledger", self.ledger, methods=["GET"]),
            Route(f"{here}/calls", self.calls, methods=["GET"]),
            Route(f"{here}/subscribers", self.subscribers, methods=["GET"]),
            Route(f"{here}/subscribers/{{document}}", self.change, methods=["PUT"]),
            Route(here, self.reset, methods=["DELETE"]),
        ]

    async def ledger(self, request: Request) -> Response:
        """What was done, oldest first."""
        return answer({"items": self._installation(request).ledger})

    async def calls(self, request: Request) -> Response:
        """How often each route was asked with a good token."""
        return answer({"items": dict(self._installation(request).calls)})

    async def subscribers(self, request: Request) -> Response:
        """Everybody, in the table's order."""
        subscribers = self._installation(request).subscribers
        return answer({"items": [subscriber_object(each) for each in subscribers]})

    async def change(self, request: Request) -> Response:
        """Changes the fields given, all or none, of the first contract or the one named; `paid`
        is how many of its open invoices are paid now.
        """
        installation = self._installation(request)
        document = request.path_params["document"]
        if not re.fullmatch(r"\d{11}|[0-9A-Z]{12}\d{2}", document):
            raise Refusal(400, "a CPF of 11 digits or a CNPJ of 14 places is expected")
        subscriber = installation.with_document(document)
        if subscriber is None:
            raise Refusal(404, "no such subscriber")
        _change(subscriber, await read_object(request))
        return answer(subscriber_object(subscriber))

    async def reset(self, request: Request) -> Response:
        """Makes it fresh again: subscribers, ledger and counts."""
        self._installation(request)
        self._erps.forget(request.path_params["token"])
        return Response(status_code=204)

    def _installation(self, request: Request) -> Installation:
        installation = self._erps.named(request.path_params["token"])
        if installation is None:
            raise Refusal(400, f"a token of the ERP begins with {TOKEN_BEGINNING}")
        return installation


def subscriber_object(subscriber: Subscriber) -> dict[str, Any]:
    """A subscriber as the control API tells it; `cpf` may be a CNPJ."""
    return {
        "phone": subscriber.phone,
        "cpf": subscriber.document,
        "name": subscriber.name,
        "case": subscriber.case,
        "open_invoices": subscriber.open_invoices,
        "contracts": [
            {
                "id": each.id,
                "status": int(each.status),
                "address": each.address,
                "pop": each.place.pop,
                "line": each.line.value,
                "promises": each.promises,
            }
            for each in subscriber.contracts
        ],
    }


def _change(subscriber: Subscriber, body: Body) -> None:
    if unknown := sorted(set(body) - set(_CHANGES)):
        raise Refusal(400, f"unknown fields of a subscriber: {', '.join(unknown)}")
    if not set(body) - {"contract"}:
        raise Refusal(400, "status, line, promises or paid is expected")
    contract = _contract(subscriber, body.get("contract"))
    status = _status(body.get("status", contract.status))
    line = _line(body.get("line", contract.line))
    promises = _whole(body.get("promises", contract.promises), "promises")
    paid = _whole(body.get("paid", 0), "paid")
    contract.status, contract.line, contract.promises = status, line, promises
    pay(contract, paid)


def _contract(subscriber: Subscriber, number: Any) -> Contract:
    if number is None:
        return subscriber.contracts[0]
    for each in subscriber.contracts:
        if each.id == number:
            return each
    raise Refusal(400, "contract must be the number of one of the subscriber's contracts")


def _status(value: Any) -> Status:
    try:
        return Status(_whole(value, "status"))
    except ValueError:
        raise Refusal(400, "status must be a number from 1 to 7") from None


def _line(value: Any) -> Line:
    try:
        return Line(value)
    except ValueError:
        raise Refusal(400, f"line must be one of {', '.join(Line)}") from None


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Refusal(400, f"{name} must be a whole number of zero or more")
    return value
