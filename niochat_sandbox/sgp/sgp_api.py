"""The simulated SGP below ``/sgp``, with the routes and quirks of SGP reference 3."""

from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from niochat_sandbox.http_json import json_response
from niochat_sandbox.sandbox_state import SandboxState
from niochat_sandbox.sgp import boletos
from niochat_sandbox.sgp.invoice_routes import list_open_invoices, list_titles, show_pix
from niochat_sandbox.sgp.provider_routes import (
    check_viability,
    list_maintenances,
    list_plans,
    show_token,
)
from niochat_sandbox.sgp.seed_subscribers import SUBSCRIBER_CASES
from niochat_sandbox.sgp.sgp_request import SimulatedSgpRequest, parse_request_fields
from niochat_sandbox.sgp.subscriber_routes import (
    check_access,
    find_clients,
    find_contracts,
    list_tickets,
)
from niochat_sandbox.sgp.write_routes import open_ticket, register_lead, unlock

APP = "niochat"
_Handler = Callable[[SimulatedSgpRequest], Any]
_ROUTES: list[tuple[str, str, _Handler]] = [
    ("POST", "/api/ura/consultacliente/", find_contracts),
    ("POST", "/api/ura/clientes/", find_clients),
    ("POST", "/api/ura/verificaacesso/", check_access),
    ("POST", "/api/ura/fatura2via/", list_open_invoices),
    ("POST", "/api/ura/titulos/", list_titles),
    ("POST", "/api/ura/pagamento/pix/{invoice}", show_pix),
    ("POST", "/api/ura/liberacaopromessa/", unlock),
    ("POST", "/api/ura/chamado/", open_ticket),
    ("POST", "/api/ura/ocorrencia/list/", list_tickets),
    ("POST", "/api/ura/viabilidade/", check_viability),
    ("POST", "/api/precadastro/F", register_lead),
    ("GET", "/api/ura/manutencao/list/", list_maintenances),
    ("GET", "/api/ura/consultaplano/", list_plans),
    ("GET", "/api/auth/info/", show_token),
]
_INVOICE_PDF_PATH = {
    str(invoice.id)
    for each in SUBSCRIBER_CASES
    for contract in each.contracts
    for invoice in contract.invoices
}
_NOT_FOUND = (
    "<!doctype html><html><head><title>Not Found</title></head><body><h1>Not Found</h1>"
    "<p>The requested resource was not found on this server.</p></body></html>"
)


class SgpApi:
    """The ERPs of all providers; the token selects the installation."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    def router(self) -> Router:
        """The routes below ``/sgp``, without Starlette's automatic redirects (307)."""
        routes = [Route("/boleto/{invoice}.pdf", _show_invoice_pdf, methods=["GET"])]
        for method, path, handler in _ROUTES:
            endpoint = partial(self._dispatch, path, handler)
            methods = [method, "OPTIONS"]
            routes.append(Route(path, endpoint, methods=methods))
            if path.endswith("/"):
                routes.append(
                    Route(path[:-1], _redirect_with_slash, methods=["GET", "POST", "OPTIONS"])
                )
            else:  # the sources disagree about these two, so both variants are served
                routes.append(Route(f"{path}/", endpoint, methods=methods))
        return Router(routes=routes, redirect_slashes=False, default=_answer_not_found)

    async def _dispatch(self, path: str, handler: _Handler, request: Request) -> Response:
        try:
            kind = request.headers.get("content-type", "")
            query: bytes = request.scope["query_string"]
            fields = parse_request_fields(kind, query, await request.body())
        except ValueError:
            return json_response({"detail": "JSON parse error"}, 400)
        installation = self._state.sgp_installations.get_or_create(str(fields.get("token", "")))
        if request.method == "OPTIONS" and "token" not in fields:
            return Response(headers={"allow": "POST, GET, OPTIONS"})
        if installation is None or fields.get("app") != APP:
            return json_response(
                {"detail": "Token ou aplicativo sem permissão para esta rota."}, 403
            )
        if request.method == "OPTIONS":
            return Response(headers={"allow": "POST, GET, OPTIONS"})
        installation.calls[path] += 1
        base = f"{request.url.scheme}://{request.url.netloc}/sgp"
        return json_response(
            handler(SimulatedSgpRequest(installation, fields, base, request.path_params))
        )


async def _redirect_with_slash(request: Request) -> Response:
    return RedirectResponse(request.url.replace(path=f"{request.url.path}/"), 301)


async def _show_invoice_pdf(request: Request) -> Response:
    """Serve the PDF of an invoice; like the real links, it needs no token."""
    number = request.path_params["invoice"]
    if number not in _INVOICE_PDF_PATH:
        return HTMLResponse(_NOT_FOUND, 404)
    return Response(boletos.render_invoice_pdf(int(number)), media_type="application/pdf")


async def _answer_not_found(scope: Scope, receive: Receive, send: Send) -> None:
    await HTMLResponse(_NOT_FOUND, 404)(scope, receive, send)
