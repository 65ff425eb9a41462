"""The HTML page ``GET /sandbox``, which shows the state of the sandbox."""

from datetime import datetime
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from niochat_sandbox.control.erp_status_section import DEMO_TOKEN, render_erp_section
from niochat_sandbox.gateway.gateway_instances import (
    MessageDirection,
    PhoneMessage,
    SimulatedCustomer,
    SimulatedInstance,
    SimulatedInstanceStatus,
)
from niochat_sandbox.sandbox_state import SandboxState

MAX_SHOWN_CUSTOMERS, MAX_SHOWN_MESSAGES = 30, 6

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .6rem .2rem 0;
vertical-align:top;border-bottom:1px solid #ddd}.phone{border-left:3px solid #2a7;margin:1rem 0;
padding-left:.8rem}.sent{color:#145}.received{color:#474}small{color:#666}
"""
_TARGET_LABELS = (
    "Este processo simula o mundo de fora do NioChat: o gateway do WhatsApp, os celulares dos "
    "assinantes, o modelo de linguagem e o SGP do provedor. Nada aqui chega a uma pessoa de "
    "verdade; tudo fica na memória e some quando o processo termina."
)


class StatusPage:
    """Renders the state at the time of the request."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    async def show(self, _request: Request) -> Response:
        instances = list(self._state.instances.values())
        parts = [
            f"<h1>Sandbox do NioChat</h1><p>{_TARGET_LABELS}</p>"
            '<p><a href="/sandbox/mail">E-mails enviados</a></p>',
            f"<p><small>Webhooks a entregar: {self._state.dispatcher.pending_count}</small></p>",
            _render_instances(instances),
            self._render_faults(),
            *(_render_phones(instance) for instance in instances),
            render_erp_section(self._state.sgp_installations.get_or_create(DEMO_TOKEN)),
        ]
        head = f"<title>Sandbox do NioChat</title><style>{_STYLE}</style>"
        language = '<!doctype html><html lang="pt-BR"><meta charset="utf-8">'
        return HTMLResponse(f"{language}{head}<body>{''.join(parts)}</body></html>")

    def _render_faults(self) -> str:
        faults = self._state.faults.faults
        if not faults:
            return "<h2>Falhas</h2><p>Nenhuma falha encomendada.</p>"
        rows = "".join(
            f"<tr><td>{fault.target}<td>{fault.kind}<td>{escape(fault.path) or 'tudo'}"
            f"<td>{fault.hits} de {'sempre' if fault.count is None else fault.count}"
            for fault in faults
        )
        return f"<h2>Falhas</h2><table><tr><th>Alvo<th>Tipo<th>Caminho<th>Vezes{rows}</table>"


def _render_instances(instances: list[SimulatedInstance]) -> str:
    if not instances:
        return "<h2>Instâncias</h2><p>Nenhuma instância ainda.</p>"
    rows = "".join(
        f"<tr><td>{escape(each.name)}<td>{escape(each.owner)}<td>{each.status}{_render_scan_button(each)}"
        f"<td>{'sim' if each.webhook.enabled else 'não'}<td>{len(each.customers)}"
        f"<td>{len(each.errors)}"
        for each in instances
    )
    heads = "<tr><th>Nome<th>Número<th>Estado<th>Webhook<th>Clientes<th>Erros recentes"
    return f"<h2>Instâncias</h2><table>{heads}{rows}</table>"


def _render_scan_button(instance: SimulatedInstance) -> str:
    """A button that replaces the scan of the QR code."""
    if instance.status is not SimulatedInstanceStatus.CONNECTING:
        return ""
    address = f"/sandbox/instances/{escape(instance.token)}/scan"
    return f'<form method="post" action="{address}"><button>Ler o QR code</button></form>'


def _render_phones(instance: SimulatedInstance) -> str:
    active = [each for each in instance.customers.values() if each.messages]
    active.sort(key=lambda customer: customer.messages[-1].at, reverse=True)
    phones = "".join(_render_phone(customer) for customer in active[:MAX_SHOWN_CUSTOMERS])
    return f"<h2>Clientes de {escape(instance.name)}</h2>{phones or '<p>Nenhuma mensagem.</p>'}"


def _render_phone(customer: SimulatedCustomer) -> str:
    messages = "".join(
        _render_message(message) for message in customer.messages[-MAX_SHOWN_MESSAGES:]
    )
    customer_label = f"<b>{escape(customer.name)}</b> <small>{escape(customer.phone)}</small>"
    return f'<div class="phone">{customer_label}{messages}</div>'


def _render_message(message: PhoneMessage) -> str:
    arrow = "→" if message.direction is MessageDirection.SENT else "←"
    when = datetime.fromtimestamp(message.at).strftime("%H:%M:%S")
    text = escape(message.text[:300]) or f"[{escape(message.kind)}]"
    return f'<div class="{message.direction}"><small>{when}</small> {arrow} {text}</div>'
