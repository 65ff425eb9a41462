"""Open invoices: listed, and sent as PIX or boleto, one or all of them."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import segno
from pydantic import Field, model_validator

from niochat.assistant.case import Case, Result, Sector, done, refused
from niochat.assistant.tools import bills
from niochat.assistant.tools.bills import SHOWN, Form
from niochat.assistant.tools.tool import Arguments, Nothing, Tool
from niochat.assistant.wording import brl, day
from niochat.domain.erp import ErpCapability, ErpError, FetchInvoicePdf, Invoice, ReadPixCode
from niochat.domain.message import MessageContent, MessageKind

_ONE_SENTENCE = (
    "Escreva só uma frase curta: ela sai primeiro, e os códigos saem sozinhos logo depois. Não "
    "repita códigos nem links."
)


class Send(Arguments):
    """Numbers in the list; none: the one that is due first."""

    forma: Form
    faturas: Annotated[
        tuple[int, ...], Field(max_length=SHOWN, description="Números da lista; padrão 1.")
    ] = (1,)
    todas: Annotated[bool, Field(description="Todas as faturas em aberto.")] = False

    @model_validator(mode="before")
    @classmethod
    def _lone(cls, values: Any) -> Any:
        """One number, under the name that lists have."""
        if not isinstance(values, Mapping) or "fatura" not in values or "faturas" in values:
            return values
        return {**{k: v for k, v in values.items() if k != "fatura"}, "faturas": [values["fatura"]]}


@dataclass(frozen=True, slots=True)
class _Sent:
    """What left of one invoice; no form: it could not be had."""

    number: int
    invoice: Invoice
    forms: tuple[Form, ...]


async def list_invoices(case: Case, _: Nothing) -> Result:
    """The contract's open invoices, earliest due first."""
    invoices = await bills.open_invoices(case)
    case.learn(invoices=tuple(invoice.id for invoice in invoices[:SHOWN]))
    if not invoices:
        return done(faturas=[], orientacao="Diga que não há faturas em aberto neste contrato.")
    totals = bills.totals(case, invoices)
    lines = [
        f"{number} - *{brl(invoice.amount)}*, vencimento {day(invoice.due)}"
        f" ({bills.situation(case, invoice)})"
        for number, invoice in enumerate(invoices[:SHOWN], start=1)
    ]
    if totals:
        lines.append(f"Total: *{totals['total']}*")
    return done(
        faturas=bills.rows(case, invoices),
        **totals,
        apresentar="\n".join(lines),
        orientacao="Mostre as faturas e, se o cliente ainda não disse, pergunte: PIX ou boleto?",
    )


async def send_invoice(case: Case, wanted: Send) -> Result:
    """PIX: the text, the QR, the code alone. Boleto: the PDF, the digit line alone. Of each."""
    invoices = await bills.open_invoices(case)
    chosen = _chosen(case, invoices, wanted)
    if isinstance(chosen, dict):
        return chosen
    sent = await _send(case, chosen, wanted.forma)
    gone = [each for each in sent if each.forms]
    if not gone:
        return refused(
            "forma_indisponivel",
            "Diga que esta forma não está disponível para a fatura e ofereça a outra, se houver.",
            formas=_others(case, chosen, wanted.forma),
        )
    forms = tuple(dict.fromkeys(form for each in gone for form in each.forms))
    case.learn(sent=tuple(dict.fromkeys([*case.facts.sent, *forms])))
    return _told(case, sent, gone, forms, left=len(invoices) - len(chosen) if wanted.todas else 0)


def _told(
    case: Case, sent: Sequence[_Sent], gone: Sequence[_Sent], forms: tuple[Form, ...], left: int
) -> Result:
    rows = [
        {"fatura": each.number, "valor": brl(each.invoice.amount),
         "vencimento": day(each.invoice.due), "enviado": list(each.forms)}
        for each in gone
    ]  # fmt: skip
    lacking = [each.number for each in sent if not each.forms]
    more: dict[str, Any] = {"nao_enviadas": lacking} if lacking else {}
    if left > 0:
        more["faltam"] = left
    if len(gone) == 1:
        what = f"{rows[0]['valor']} com vencimento em {rows[0]['vencimento']}"
        case.tell(f"Segue sua fatura de {what}. {_FOLLOWING[forms]}")
        one = {"valor": rows[0]["valor"], "vencimento": rows[0]["vencimento"]}
        return done(enviado=list(forms), **one, **more, orientacao=_ONE_SENTENCE)
    total = bills.total(each.invoice for each in gone)
    case.tell(f"Seguem {len(gone)} faturas, {total} no total, cada uma com o seu código.")
    return done(
        enviado=list(forms), enviadas=rows, total=total, **more,
        orientacao=f"{_ONE_SENTENCE} São {len(gone)} faturas, na ordem da lista, uma por uma.",
    )  # fmt: skip


def _chosen(
    case: Case, invoices: Sequence[Invoice], wanted: Send
) -> list[tuple[int, Invoice]] | Result:
    """(number in the list, invoice), each once, in the list's order."""
    if not invoices:
        return refused("sem_fatura", "Diga que não há faturas em aberto neste contrato.")
    if wanted.todas:
        return list(enumerate(invoices[:SHOWN], start=1))
    order = case.facts.invoices or tuple(invoice.id for invoice in invoices[:SHOWN])
    there = {invoice.id: invoice for invoice in invoices}
    numbers = sorted(set(wanted.faturas or (1,)))
    if any(not 1 <= n <= len(order) or order[n - 1] not in there for n in numbers):
        return refused("fatura_invalida", "Consulte as faturas de novo e mostre a lista.")
    return [(number, there[order[number - 1]]) for number in numbers]


async def _send(case: Case, chosen: Sequence[tuple[int, Invoice]], form: Form) -> list[_Sent]:
    """Of all of them what there is. An ERP that fails after the first takes nothing back."""
    forms = (Form.PIX, Form.BOLETO) if form is Form.BOTH else (form,)
    sent: list[_Sent] = []
    failed = False
    for number, invoice in chosen:
        gone: list[Form] = []
        for each in forms if not failed else ():
            try:
                if each in bills.forms_of(case, invoice) and await _SENDERS[each](case, invoice):
                    gone.append(each)
            except ErpError:
                if not gone and not any(before.forms for before in sent):
                    raise
                failed = True
        bills.sent(case, invoice, gone)
        sent.append(_Sent(number, invoice, tuple(gone)))
    return sent


def _others(case: Case, chosen: Sequence[tuple[int, Invoice]], form: Form) -> list[Form]:
    there = [each for _, invoice in chosen for each in bills.forms_of(case, invoice)]
    return [each for each in dict.fromkeys(there) if form not in (each, Form.BOTH)]


async def _send_pix(case: Case, invoice: Invoice) -> bool:
    code = invoice.pix
    if not code and ErpCapability.PIX in case.capabilities:
        code = await case.read(ReadPixCode(case.contract().id, invoice.id))
    if not code:
        return False
    caption = f"Fatura de {brl(invoice.amount)}, vencimento {day(invoice.due)}"
    file = ("image/png", "pix.png", _qr(code))
    await case.attach(f"pix:{invoice.id}", MessageKind.IMAGE, file, caption)
    case.after_text.append(MessageContent(MessageKind.TEXT, code))
    return True


async def _send_boleto(case: Case, invoice: Invoice) -> bool:
    """The file, if the ERP has a real one, and the digit line, if there is one."""
    sent = False
    if invoice.pdf_url:
        try:
            pdf = await case.read(FetchInvoicePdf(case.contract().id, invoice.pdf_url))
        except ErpError:
            if not invoice.digit_line:
                raise
        else:
            file = ("application/pdf", f"fatura-{invoice.due:%Y-%m-%d}.pdf", pdf)
            await case.attach(f"boleto:{invoice.id}", MessageKind.DOCUMENT, file, "")
            sent = True
    if invoice.digit_line:
        case.after_text.append(MessageContent(MessageKind.TEXT, invoice.digit_line))
        sent = True
    return sent


_FOLLOWING = {
    (Form.PIX,): "O código PIX vai sozinho na próxima mensagem.",
    (Form.BOLETO,): "O boleto vai na próxima mensagem.",
    (Form.PIX, Form.BOLETO): "O código PIX e o boleto vão nas próximas mensagens.",
}
_SENDERS = {Form.PIX: _send_pix, Form.BOLETO: _send_boleto}


def _qr(code: str) -> bytes:
    """The code as a QR image, large enough for a second phone's camera."""
    image = io.BytesIO()
    segno.make_qr(code, error="m").save(image, kind="png", scale=8, border=4)
    return image.getvalue()


_NEEDS = frozenset({ErpCapability.INVOICES})
LIST_INVOICES = Tool(
    "consultar_faturas",
    "Lista as faturas em aberto do contrato confirmado, com total, atraso, multa e juros.",
    Nothing,
    list_invoices,
    needs=_NEEDS,
    contract=True,
    repeatable=True,
    sector=Sector.BILLING,
)
SEND_INVOICE = Tool(
    "enviar_fatura",
    "Envia uma ou mais faturas por PIX (QR e código), boleto (PDF e linha digitável) ou ambos.",
    Send,
    send_invoice,
    needs=_NEEDS,
    contract=True,
    sends=True,
    sector=Sector.BILLING,
)
