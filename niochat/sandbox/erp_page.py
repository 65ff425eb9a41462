"""The part of the page `GET /sandbox` about the simulated ERP of the demo provider."""

from datetime import datetime
from html import escape

from niochat.sandbox.erp_ledger import Deed, Installation
from niochat.sandbox.subscribers import Subscriber
from niochat.sandbox.taxpayers import formatted

DEMO_TOKEN = "sandbox-demo"
SHOWN_DEEDS = 30
_DEEDS = {
    Deed.UNLOCK: "Desbloqueio em confiança",
    Deed.TICKET: "Chamado",
    Deed.LEAD: "Pré-cadastro",
    Deed.SERVICE_ORDER_BY_INVOICE: "O.S. aberta por engano na 2ª via",
}


def erp_section(installation: Installation | None) -> str:
    """Subscribers and ledger of one installation as HTML, everything escaped."""
    if installation is None:
        return "<h2>SGP</h2><p>Nenhuma instalação.</p>"
    rows = "".join(_subscriber(each) for each in installation.subscribers)
    heads = "<tr><th>Caso<th>Nome<th>CPF/CNPJ<th>WhatsApp<th>Faturas<th>Contratos"
    deeds = _deeds(installation)
    return f"<h2>SGP</h2><table>{heads}{rows}</table><h3>O que foi feito no SGP</h3>{deeds}"


def _subscriber(each: Subscriber) -> str:
    contracts = "<br>".join(
        f"{contract.id}: {escape(contract.status.display.strip())}, {escape(contract.address)}"
        for contract in each.contracts
    )
    return (
        f"<tr><td>{escape(each.case)}<td>{escape(each.name)}<td>{formatted(each.document)}"
        f"<td>{escape(each.phone)}<td>{each.open_invoices}<td>{contracts}"
    )


def _deeds(installation: Installation) -> str:
    if not installation.ledger:
        return "<p>Nada ainda.</p>"
    rows = "".join(_deed(line) for line in reversed(installation.ledger[-SHOWN_DEEDS:]))
    return f"<table><tr><th>Quando<th>O quê<th>Contrato<th>Protocolo<th>Conteúdo{rows}</table>"


def _deed(line: dict[str, object]) -> str:
    when = datetime.fromtimestamp(float(str(line["at"]))).strftime("%H:%M:%S")
    what = _DEEDS[Deed(str(line["kind"]))]
    content = str(line.get("content") or line.get("words") or line.get("name") or "")
    return (
        f"<tr><td>{when}<td>{what}<td>{line['contract'] or '—'}"
        f"<td>{escape(str(line.get('protocol', '—')))}<td>{escape(content[:300])}"
    )
