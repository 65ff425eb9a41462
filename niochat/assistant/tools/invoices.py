"""Open invoices: listed, and sent as PIX or boleto."""

import io
from enum import StrEnum

import segno

from niochat.assistant.case import Case, Result, Sector, done, refused
from niochat.assistant.tools.tool import Arguments, Nothing, Tool
from niochat.assistant.wording import brl, day
from niochat.domain.erp import Capability, ErpError, FetchPdf, Invoice, ListInvoices, ReadPix
from niochat.domain.message import Content, Kind

SHOWN = 6
"""Invoices in one list; a phone's screen is small."""


class Form(StrEnum):
    """How an invoice is paid."""

    PIX = "pix"
    BOLETO = "boleto"
    BOTH = "ambos"


class Send(Arguments):
    """``fatura`` is the number in the list; left out, the one that is due first."""

    forma: Form
    fatura: int = 1


async def list_invoices(case: Case, _: Nothing) -> Result:
    """The contract's open invoices, earliest due first."""
    invoices = (await case.read(ListInvoices(case.contract().id)))[:SHOWN]
    case.learn(invoices=tuple(invoice.id for invoice in invoices))
    if not invoices:
        return done(faturas=[], orientacao="Diga que não há faturas em aberto neste contrato.")
    return done(
        faturas=[
            {
                "fatura": number,
                "vencimento": day(invoice.due),
                "valor": brl(invoice.amount),
                "situacao": _situation(case, invoice),
                "formas": _forms(case, invoice),
            }
            for number, invoice in enumerate(invoices, start=1)
        ],
        apresentar="\n".join(
            f"{number} - *{brl(invoice.amount)}*, vencimento {day(invoice.due)}"
            f" ({_situation(case, invoice)})"
            for number, invoice in enumerate(invoices, start=1)
        ),
        orientacao="Mostre as faturas e, se o cliente ainda não disse, pergunte: PIX ou boleto?",
    )


async def send_invoice(case: Case, wanted: Send) -> Result:
    """PIX: the text, the QR, the code alone. Boleto: the PDF, the digit line alone."""
    invoice = await _wanted(case, wanted.fatura)
    if isinstance(invoice, dict):
        return invoice
    forms = [Form.PIX, Form.BOLETO] if wanted.forma is Form.BOTH else [wanted.forma]
    missing = [form for form in forms if form not in _forms(case, invoice)]
    forms = [form for form in forms if form not in missing]
    sent = [form for form in forms if await _SENDERS[form](case, invoice)]
    if not sent:
        return refused(
            "forma_indisponivel",
            "Diga que esta forma não está disponível para a fatura e ofereça a outra, se houver.",
            formas=[form for form in _forms(case, invoice) if form not in forms],
        )
    case.learn(sent=tuple(dict.fromkeys([*case.facts.sent, *sent])))
    facts = f"{brl(invoice.amount)}, vencimento {day(invoice.due)}"
    case.instead = f"Segue sua fatura de {facts}."
    return done(
        enviado=sent,
        valor=brl(invoice.amount),
        vencimento=day(invoice.due),
        orientacao=(
            "Escreva só uma frase curta: ela sai primeiro, e os códigos saem sozinhos logo depois. "
            "Não repita códigos nem links."
        ),
    )


async def _wanted(case: Case, number: int) -> Invoice | Result:
    invoices = await case.read(ListInvoices(case.contract().id))
    if not invoices:
        return refused("sem_fatura", "Diga que não há faturas em aberto neste contrato.")
    order = case.facts.invoices or tuple(invoice.id for invoice in invoices[:SHOWN])
    wanted = order[number - 1] if 1 <= number <= len(order) else None
    found = next((invoice for invoice in invoices if invoice.id == wanted), None)
    if found is None:
        return refused("fatura_invalida", "Consulte as faturas de novo e mostre a lista.")
    return found


async def _send_pix(case: Case, invoice: Invoice) -> bool:
    code = invoice.pix
    if not code and Capability.PIX in case.capabilities:
        code = await case.read(ReadPix(case.contract().id, invoice.id))
    if not code:
        return False
    caption = f"Fatura de {brl(invoice.amount)}, vencimento {day(invoice.due)}"
    file = ("image/png", "pix.png", _qr(code))
    await case.attach(f"pix:{invoice.id}", Kind.IMAGE, file, caption)
    case.after_text.append(Content(Kind.TEXT, code))
    return True


async def _send_boleto(case: Case, invoice: Invoice) -> bool:
    """The file, if the ERP has a real one, and the digit line, if there is one."""
    sent = False
    if invoice.pdf_url:
        try:
            pdf = await case.read(FetchPdf(case.contract().id, invoice.pdf_url))
        except ErpError:
            if not invoice.digit_line:
                raise
        else:
            file = ("application/pdf", f"fatura-{invoice.due:%Y-%m-%d}.pdf", pdf)
            await case.attach(f"boleto:{invoice.id}", Kind.DOCUMENT, file, "")
            sent = True
    if invoice.digit_line:
        case.after_text.append(Content(Kind.TEXT, invoice.digit_line))
        sent = True
    return sent


_SENDERS = {Form.PIX: _send_pix, Form.BOLETO: _send_boleto}


def _situation(case: Case, invoice: Invoice) -> str:
    return "vencida" if invoice.due < case.visit.now.date() else "em aberto"


def _forms(case: Case, invoice: Invoice) -> list[Form]:
    pix = bool(invoice.pix) or Capability.PIX in case.capabilities
    boleto = bool(invoice.pdf_url or invoice.digit_line)
    return [form for form, there in ((Form.PIX, pix), (Form.BOLETO, boleto)) if there]


def _qr(code: str) -> bytes:
    """The code as a QR image, large enough for a second phone's camera."""
    image = io.BytesIO()
    segno.make_qr(code, error="m").save(image, kind="png", scale=8, border=4)
    return image.getvalue()


_NEEDS = frozenset({Capability.INVOICES})
LIST_INVOICES = Tool(
    "consultar_faturas",
    "Lista as faturas em aberto do contrato confirmado.",
    Nothing,
    list_invoices,
    needs=_NEEDS,
    contract=True,
    repeatable=True,
    sector=Sector.BILLING,
)
SEND_INVOICE = Tool(
    "enviar_fatura",
    "Envia ao cliente a fatura por PIX (QR e código), boleto (PDF e linha digitável) ou ambos.",
    Send,
    send_invoice,
    needs=_NEEDS,
    contract=True,
    sends=True,
    sector=Sector.BILLING,
)
