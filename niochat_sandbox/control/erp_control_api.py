"""The control API of the simulated ERP, below ``/sandbox/sgp/{token}``."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from niochat_sandbox.http_json import JsonObject, SandboxApiError, json_response, read_object
from niochat_sandbox.sgp.erp_installations import (
    TOKEN_PREFIX,
    SgpInstallation,
    SgpInstallationRegistry,
)
from niochat_sandbox.sgp.erp_subscribers import (
    SgpContract,
    SgpContractStatus,
    SgpSubscriber,
    SimulatedLineState,
)
from niochat_sandbox.sgp.invoice_routes import mark_invoices_paid

_CHANGES = ("status", "line", "promises", "paid", "contract")


class ErpControlApi:
    """Routes that read and change the installations of the simulated ERP."""

    def __init__(self, erps: SgpInstallationRegistry) -> None:
        self._erps = erps

    def routes(self) -> list[Route]:
        """The routes below ``/sandbox``."""
        here = "/sgp/{token}"
        return [
            Route(f"{here}/ledger", self.list_ledger, methods=["GET"]),
            Route(f"{here}/calls", self.count_calls, methods=["GET"]),
            Route(f"{here}/subscribers", self.list_subscribers, methods=["GET"]),
            Route(f"{here}/subscribers/{{document}}", self.change_subscriber, methods=["PUT"]),
            Route(here, self.reset, methods=["DELETE"]),
        ]

    async def list_ledger(self, request: Request) -> Response:
        """Return the ledger, oldest entry first."""
        return json_response({"items": self._installation(request).ledger})

    async def count_calls(self, request: Request) -> Response:
        """Return how often each route was called with a valid token."""
        return json_response({"items": dict(self._installation(request).calls)})

    async def list_subscribers(self, request: Request) -> Response:
        """Return all subscribers in the order of the seed table."""
        subscribers = self._installation(request).subscribers
        return json_response({"items": [format_subscriber(each) for each in subscribers]})

    async def change_subscriber(self, request: Request) -> Response:
        """Change the given fields, all or none, of the first contract or of the one in
        ``contract``.

        ``paid``: how many of the contract's open invoices become paid.
        """
        installation = self._installation(request)
        document = request.path_params["document"]
        if not re.fullmatch(r"\d{11}|[0-9A-Z]{12}\d{2}", document):
            raise SandboxApiError(400, "a CPF of 11 digits or a CNPJ of 14 places is expected")
        subscriber = installation.find_by_tax_id(document)
        if subscriber is None:
            raise SandboxApiError(404, "no such subscriber")
        _apply_change(subscriber, await read_object(request))
        return json_response(format_subscriber(subscriber))

    async def reset(self, request: Request) -> Response:
        """Remove the installation; the next request with its token creates a fresh one."""
        self._installation(request)
        self._erps.remove(request.path_params["token"])
        return Response(status_code=204)

    def _installation(self, request: Request) -> SgpInstallation:
        installation = self._erps.get_or_create(request.path_params["token"])
        if installation is None:
            raise SandboxApiError(400, f"a token of the ERP begins with {TOKEN_PREFIX}")
        return installation


def format_subscriber(subscriber: SgpSubscriber) -> dict[str, Any]:
    """Convert a subscriber to the JSON of the control API; ``cpf`` may hold a CNPJ."""
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


def _apply_change(subscriber: SgpSubscriber, body: JsonObject) -> None:
    if unknown := sorted(set(body) - set(_CHANGES)):
        raise SandboxApiError(400, f"unknown fields of a subscriber: {', '.join(unknown)}")
    if not set(body) - {"contract"}:
        raise SandboxApiError(400, "status, line, promises or paid is expected")
    contract = _find_contract(subscriber, body.get("contract"))
    status = _parse_status(body.get("status", contract.status))
    line = _parse_line_state(body.get("line", contract.line))
    promises = _parse_integer(body.get("promises", contract.promises), "promises")
    paid = _parse_integer(body.get("paid", 0), "paid")
    contract.status, contract.line, contract.promises = status, line, promises
    mark_invoices_paid(contract, paid)


def _find_contract(subscriber: SgpSubscriber, number: Any) -> SgpContract:
    if number is None:
        return subscriber.contracts[0]
    for each in subscriber.contracts:
        if each.id == number:
            return each
    raise SandboxApiError(400, "contract must be the number of one of the subscriber's contracts")


def _parse_status(value: Any) -> SgpContractStatus:
    try:
        return SgpContractStatus(_parse_integer(value, "status"))
    except ValueError:
        raise SandboxApiError(400, "status must be a number from 1 to 7") from None


def _parse_line_state(value: Any) -> SimulatedLineState:
    try:
        return SimulatedLineState(value)
    except ValueError:
        raise SandboxApiError(400, f"line must be one of {', '.join(SimulatedLineState)}") from None


def _parse_integer(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise SandboxApiError(400, f"{name} must be a whole number of zero or more")
    return value
