"""The section of ``GET /sandbox`` about the simulated ERP of the demo tenant."""

from datetime import datetime
from html import escape

from niochat_sandbox.sgp.erp_installations import LedgerEntryType, SgpInstallation
from niochat_sandbox.sgp.erp_subscribers import SgpSubscriber
from niochat_sandbox.sgp.invented_tax_ids import format_tax_id

DEMO_TOKEN = "sandbox-demo"
MAX_SHOWN_ENTRIES = 30
_ENTRY_LABELS = {
    LedgerEntryType.UNLOCK: "Desbloqueio em confiança",
    LedgerEntryType.TICKET: "Chamado",
    LedgerEntryType.LEAD: "Pré-cadastro",
    LedgerEntryType.SERVICE_ORDER_BY_INVOICE: "O.S. aberta por engano na 2ª via",
}


def render_erp_section(installation: SgpInstallation | None) -> str:
    """Render the subscribers and the ledger of one installation as escaped HTML."""
    if installation is None:
        return "<h2>SGP</h2><p>Nenhuma instalação.</p>"
    rows = "".join(_render_subscriber(each) for each in installation.subscribers)
    heads = "<tr><th>Caso<th>Nome<th>CPF/CNPJ<th>WhatsApp<th>Faturas<th>Contratos"
    ledger = _render_ledger(installation)
    return f"<h2>SGP</h2><table>{heads}{rows}</table><h3>O que foi feito no SGP</h3>{ledger}"


def _render_subscriber(each: SgpSubscriber) -> str:
    contracts = "<br>".join(
        f"{contract.id}: {escape(contract.status.display.strip())}, {escape(contract.address)}"
        for contract in each.contracts
    )
    return (
        f"<tr><td>{escape(each.case)}<td>{escape(each.name)}<td>{format_tax_id(each.document)}"
        f"<td>{escape(each.phone)}<td>{each.open_invoices}<td>{contracts}"
    )


def _render_ledger(installation: SgpInstallation) -> str:
    if not installation.ledger:
        return "<p>Nada ainda.</p>"
    rows = "".join(
        _render_ledger_entry(entry) for entry in reversed(installation.ledger[-MAX_SHOWN_ENTRIES:])
    )
    return f"<table><tr><th>Quando<th>O quê<th>Contrato<th>Protocolo<th>Conteúdo{rows}</table>"


def _render_ledger_entry(entry: dict[str, object]) -> str:
    when = datetime.fromtimestamp(float(str(entry["at"]))).strftime("%H:%M:%S")
    what = _ENTRY_LABELS[LedgerEntryType(str(entry["kind"]))]
    content = str(entry.get("content") or entry.get("words") or entry.get("name") or "")
    return (
        f"<tr><td>{when}<td>{what}<td>{entry['contract'] or '—'}"
        f"<td>{escape(str(entry.get('protocol', '—')))}<td>{escape(content[:300])}"
    )
