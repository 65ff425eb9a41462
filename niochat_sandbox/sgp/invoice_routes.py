"""The simulated SGP's routes about invoices (SGP reference 3.2)."""

from datetime import timedelta
from typing import Any

from niochat_sandbox.sgp.boletos import build_bar_code
from niochat_sandbox.sgp.erp_installations import LedgerEntryType
from niochat_sandbox.sgp.erp_subscribers import (
    PixAvailability,
    SgpContract,
    SgpContractStatus,
    SgpOpenInvoice,
    SgpPaidInvoice,
    SgpSubscriber,
)
from niochat_sandbox.sgp.invented_tax_ids import format_tax_id
from niochat_sandbox.sgp.sgp_request import SimulatedSgpRequest
from niochat_sandbox.sgp.subscriber_routes import NOT_FOUND_BODY, apply_record_quirks

MAX_TITLES = 250


def list_open_invoices(call: SimulatedSgpRequest) -> Any:
    """fatura2via: the next open invoice, or all with ``faturas_abertas_todas=1``.

    Like the real one, each call without ``nao_gerar_os=1`` opens a service order.
    """
    matches = call.matches()
    if not matches:
        return NOT_FOUND_BODY
    subscriber, contracts = matches[0]
    if not call.flag("nao_gerar_os"):
        call.installation.record(LedgerEntryType.SERVICE_ORDER_BY_INVOICE, contracts[0].id)
    invoices = [invoice for each in contracts for invoice in each.invoices]
    if not call.flag("faturas_abertas_todas"):
        invoices = invoices[:1]
    return apply_record_quirks(
        _format_second_copy(call, subscriber, contracts[0], invoices), subscriber
    )


def list_titles(call: SimulatedSgpRequest) -> Any:
    """titulos: invoices by ``status`` abertos, pagos or cancelados, in pages."""
    matches = call.matches()
    if not matches:
        return {"paginacao": _format_paging(0, MAX_TITLES, 0, 0), "titulos": []}
    subscriber, contracts = matches[0]
    rows = [row for each in contracts for row in _format_titles(call, subscriber, each)]
    offset = call.number("offset")
    limit = min(call.number("limit") or MAX_TITLES, MAX_TITLES)
    part = rows[offset : offset + limit]
    answer = {"paginacao": _format_paging(offset, limit, len(part), len(rows)), "titulos": part}
    return apply_record_quirks(answer, subscriber)


def show_pix(call: SimulatedSgpRequest) -> Any:
    """pagamento/pix/{fatura}: the code under one of the keys of real responses; empty
    without PIX.
    """
    found = _find_invoice(call, str(call.path["invoice"]))
    if found is None:
        return {"status": 0, "msg": "Fatura não encontrada"}
    if found.pix is PixAvailability.NONE:
        return {"status": 0, "codigoPix": "", "msg": "PIX não disponível"}
    key = "emv" if found.pix is PixAvailability.ON_DEMAND else "codigoPix"
    return {"status": 1, "fatura": found.id, key: found.pix_code}


def _find_invoice(call: SimulatedSgpRequest, number: str) -> SgpOpenInvoice | None:
    for subscriber in call.installation.subscribers:
        for contract in subscriber.contracts:
            if call.text("contrato") not in ("", str(contract.id)):
                continue
            for invoice in contract.invoices:
                if str(invoice.id) == number:
                    return invoice
    return None


def _format_second_copy(
    call: SimulatedSgpRequest,
    subscriber: SgpSubscriber,
    contract: SgpContract,
    invoices: list[SgpOpenInvoice],
) -> dict[str, Any]:
    owner = {"razaoSocial": subscriber.name.upper(), "contratoId": contract.id}
    if not invoices:
        status = 1 if contract.status is SgpContractStatus.CANCELLED else 0
        return {"status": status, **owner, "links": [], "msg": "Nenhuma fatura em aberto"}
    first = _invoice_pdf_url(call, invoices[0])
    return {
        "status": 1,
        **owner,
        "protocolo": call.installation.next_protocol(),
        "link": first,
        "link_cobranca": first,
        "links": [_payment_url(call, invoice) for invoice in invoices],
    }


def _payment_url(call: SimulatedSgpRequest, invoice: SgpOpenInvoice) -> dict[str, Any]:
    pdf_url = _invoice_pdf_url(call, invoice)
    return {
        "id": invoice.id,
        "fatura": invoice.id,
        "valor": float(invoice.amount),
        "valor_original": float(invoice.original),
        "vencimento": invoice.due.isoformat(),
        "vencimento_original": invoice.due.isoformat(),
        "multa": float(invoice.fine),
        "juros": float(invoice.interest),
        "desconto_vencimento": 0,
        "linhadigitavel": invoice.digit_line,
        "codigopix": invoice.pix_code if invoice.pix is PixAvailability.LISTED else "",
        "link": pdf_url,
        "link_cobranca": pdf_url,
        "link_pix_html": "",
    }


def _format_titles(
    call: SimulatedSgpRequest, subscriber: SgpSubscriber, contract: SgpContract
) -> list[dict[str, Any]]:
    status = call.text("status") or "abertos"
    open_ones = [_format_title(call, subscriber, contract, each) for each in contract.invoices]
    if status == "abertos":
        return open_ones
    if status != "pagos":
        return []
    return [_format_paid_title(call, subscriber, contract, each) for each in contract.paid]


def _format_paid_title(
    call: SimulatedSgpRequest,
    subscriber: SgpSubscriber,
    contract: SgpContract,
    paid: SgpPaidInvoice,
) -> dict[str, Any]:
    row = _format_title(
        call, subscriber, contract, SgpOpenInvoice(paid.id, paid.original, paid.due_in)
    )
    return row | {
        "status": "pago",
        "valorCorrigido": float(paid.original),
        "valorPago": float(paid.paid),
        "diasAtraso": 0,
        "dataPagamento": paid.paid_on.isoformat(),
        "codigoPix": "",
        "linhaDigitavel": "",
    }


def mark_invoices_paid(contract: SgpContract, count: int) -> None:
    """Mark the first ``count`` open invoices as paid today."""
    for invoice in contract.invoices[:count]:
        paid = SgpPaidInvoice(invoice.id, invoice.original, invoice.due_in, 0, invoice.amount)
        contract.paid.insert(0, paid)
    del contract.invoices[:count]


def _format_title(
    call: SimulatedSgpRequest,
    subscriber: SgpSubscriber,
    contract: SgpContract,
    invoice: SgpOpenInvoice,
) -> dict[str, Any]:
    pdf_url, digit_line = _invoice_pdf_url(call, invoice), invoice.digit_line
    return {
        "id": invoice.id,
        "clienteNome": subscriber.name.upper(),
        "clienteCpfcnpj": format_tax_id(subscriber.document),
        "clienteContrato": contract.id,
        "numeroDocumento": invoice.id,
        "nossoNumero": f"109{invoice.id:08d}",
        "status": "aberto",
        "valor": float(invoice.original),
        "valorCorrigido": float(invoice.amount),
        "valorPago": None,
        "diasAtraso": invoice.days_late,
        "linhaDigitavel": digit_line,
        "codigoBarras": build_bar_code(digit_line),
        "codigoPix": invoice.pix_code if invoice.pix is PixAvailability.LISTED else "",
        "link": pdf_url,
        "link_cobranca": pdf_url,
        "dataEmissao": (invoice.due - timedelta(days=30)).isoformat(),
        "dataVencimento": invoice.due.isoformat(),
        "dataPagamento": None,
    }


def _invoice_pdf_url(call: SimulatedSgpRequest, invoice: SgpOpenInvoice) -> str:
    return f"{call.base}/boleto/{invoice.id}.pdf"


def _format_paging(offset: int, limit: int, part: int, total: int) -> dict[str, int]:
    return {"offset": offset, "limit": limit, "parcial": part, "total": total}
