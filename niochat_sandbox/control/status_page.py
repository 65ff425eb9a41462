"""The page `GET /sandbox`: what is going on, for a person."""

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
    """Renders the world at the moment of the request."""

    def __init__(self, world: SandboxState) -> None:
        self._world = world

    async def show(self, _request: Request) -> Response:
        instances = list(self._world.instances.values())
        parts = [
            f"<h1>Sandbox do NioChat</h1><p>{_TARGET_LABELS}</p>"
            '<p><a href="/sandbox/mail">E-mails enviados</a></p>',
            f"<p><small>Webhooks a entregar: {self._world.dispatcher.pending_count}</small></p>",
            _render_instances(instances),
            self._render_faults(),
            *(_render_phones(instance) for instance in instances),
            render_erp_section(self._world.sgp_installations.get_or_create(DEMO_TOKEN)),
        ]
        head = f"<title>Sandbox do NioChat</title><style>{_STYLE}</style>"
        language = '<!doctype html><html lang="pt-BR"><meta charset="utf-8">'
        return HTMLResponse(f"{language}{head}<body>{''.join(parts)}</body></html>")

    def _render_faults(self) -> str:
        faults = self._world.faults.faults
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
    """A button for who has shown the picture and has no phone at hand."""
    if instance.status is not SimulatedInstanceStatus.CONNECTING:
        return ""
    address = f"/sandbox/instances/{escape(instance.token)}/scan"
    return f'<form method="post" action="{address}"><button>Ler o QR code</button></form>'


def _render_phones(instance: SimulatedInstance) -> str:
    talking = [each for each in instance.customers.values() if each.messages]
    talking.sort(key=lambda customer: customer.messages[-1].at, reverse=True)
    phones = "".join(_render_phone(customer) for customer in talking[:MAX_SHOWN_CUSTOMERS])
    return f"<h2>Clientes de {escape(instance.name)}</h2>{phones or '<p>Nenhuma mensagem.</p>'}"


def _render_phone(customer: SimulatedCustomer) -> str:
    lines = "".join(_render_message(line) for line in customer.messages[-MAX_SHOWN_MESSAGES:])
    who = f"<b>{escape(customer.name)}</b> <small>{escape(customer.phone)}</small>"
    return f'<div class="phone">{who}{lines}</div>'


def _render_message(line: PhoneMessage) -> str:
    arrow = "→" if line.direction is MessageDirection.SENT else "←"
    when = datetime.fromtimestamp(line.at).strftime("%H:%M:%S")
    said = escape(line.text[:300]) or f"[{escape(line.kind)}]"
    return f'<div class="{line.direction}"><small>{when}</small> {arrow} {said}</div>'
