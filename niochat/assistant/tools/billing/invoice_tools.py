"""Tools that list open invoices and send them as PIX or boleto."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, model_validator

from niochat.assistant.text.formatting import format_brl, format_date
from niochat.assistant.text.payment_messages import (
    format_pix_caption,
    format_sent_invoice,
    invoice_filename,
    render_pix_qr,
)
from niochat.assistant.tools.billing import invoice_rows
from niochat.assistant.tools.billing.invoice_rows import MAX_LISTED_INVOICES, PaymentMethod
from niochat.assistant.tools.tool_definition import AssistantTool, NoArguments, ToolArguments
from niochat.assistant.turn_context import (
    Department,
    ToolResult,
    TurnContext,
    tool_refusal,
    tool_success,
)
from niochat.domain.message import MessageContent, MessageKind
from niochat.ports.erp import ErpCapability, ErpError, FetchInvoicePdf, Invoice, ReadPixCode

_ONE_SENTENCE = (
    "Escreva só uma frase curta: ela sai primeiro, e os códigos saem sozinhos logo depois. Não "
    "repita códigos nem links."
)


class SendInvoiceArguments(ToolArguments):
    """Numbers in the list that was shown; by default the invoice that is due first."""

    forma: PaymentMethod
    faturas: Annotated[
        tuple[int, ...],
        Field(max_length=MAX_LISTED_INVOICES, description="Números da lista; padrão 1."),
    ] = (1,)
    todas: Annotated[bool, Field(description="Todas as faturas em aberto.")] = False

    @model_validator(mode="before")
    @classmethod
    def _accept_single_number(cls, values: Any) -> Any:
        """Accept a single number under ``fatura``, the name that the list uses."""
        if not isinstance(values, Mapping) or "fatura" not in values or "faturas" in values:
            return values
        return {**{k: v for k, v in values.items() if k != "fatura"}, "faturas": [values["fatura"]]}


@dataclass(frozen=True, slots=True)
class _SentInvoice:
    """The payment methods that were sent for one invoice; none: no method was available."""

    number: int
    invoice: Invoice
    methods: tuple[PaymentMethod, ...]


async def list_invoices(context: TurnContext, _: NoArguments) -> ToolResult:
    """List the contract's open invoices, earliest due first."""
    invoices = await invoice_rows.load_open_invoices(context)
    context.update_facts(invoices=tuple(invoice.id for invoice in invoices[:MAX_LISTED_INVOICES]))
    if not invoices:
        return tool_success(
            faturas=[], orientacao="Diga que não há faturas em aberto neste contrato."
        )
    totals = invoice_rows.sum_invoices(context, invoices)
    lines = [
        f"{number} - *{format_brl(invoice.amount)}*, vencimento {format_date(invoice.due)}"
        f" ({invoice_rows.invoice_status_text(context, invoice)})"
        for number, invoice in enumerate(invoices[:MAX_LISTED_INVOICES], start=1)
    ]
    if totals:
        lines.append(f"Total: *{totals['total']}*")
    return tool_success(
        faturas=invoice_rows.describe_invoices(context, invoices),
        **totals,
        apresentar="\n".join(lines),
        orientacao="Mostre as faturas e, se o cliente ainda não disse, pergunte: PIX ou boleto?",
    )


async def send_invoice(context: TurnContext, arguments: SendInvoiceArguments) -> ToolResult:
    """Send each chosen invoice.

    PIX: a text, the QR image and the code as its own message. Boleto: the PDF and the digit line as
    its own message.
    """
    invoices = await invoice_rows.load_open_invoices(context)
    chosen = _choose_invoices(context, invoices, arguments)
    if isinstance(chosen, dict):
        return chosen
    sent = await _send_invoices(context, chosen, arguments.forma)
    with_methods = [each for each in sent if each.methods]
    if not with_methods:
        return tool_refusal(
            "forma_indisponivel",
            "Diga que esta forma não está disponível para a fatura e ofereça a outra, se houver.",
            formas=_other_methods(context, chosen, arguments.forma),
        )
    forms = tuple(dict.fromkeys(form for each in with_methods for form in each.methods))
    context.update_facts(sent=tuple(dict.fromkeys([*context.facts.sent, *forms])))
    return _report_sent(
        context,
        sent,
        with_methods,
        forms,
        left=len(invoices) - len(chosen) if arguments.todas else 0,
    )


def _report_sent(
    context: TurnContext,
    sent: Sequence[_SentInvoice],
    delivered: Sequence[_SentInvoice],
    forms: tuple[PaymentMethod, ...],
    left: int,
) -> ToolResult:
    rows = [
        {
            "fatura": each.number,
            "valor": format_brl(each.invoice.amount),
            "vencimento": format_date(each.invoice.due),
            "enviado": list(each.methods),
        }
        for each in delivered
    ]
    unsent = [each.number for each in sent if not each.methods]
    extra: dict[str, Any] = {"nao_enviadas": unsent} if unsent else {}
    if left > 0:
        extra["faltam"] = left
    if len(delivered) == 1:
        context.finish_with_text(format_sent_invoice(delivered[0].invoice, forms))
        one = {"valor": rows[0]["valor"], "vencimento": rows[0]["vencimento"]}
        return tool_success(enviado=list(forms), **one, **extra, orientacao=_ONE_SENTENCE)
    total = invoice_rows.format_total(each.invoice for each in delivered)
    context.finish_with_text(
        f"Seguem {len(delivered)} faturas, {total} no total, cada uma com o seu código."
    )
    return tool_success(
        enviado=list(forms),
        enviadas=rows,
        total=total,
        **extra,
        orientacao=f"{_ONE_SENTENCE} São {len(delivered)} faturas, na ordem da lista, uma por uma.",
    )


def _choose_invoices(
    context: TurnContext, invoices: Sequence[Invoice], arguments: SendInvoiceArguments
) -> list[tuple[int, Invoice]] | ToolResult:
    """Return (number in the list, invoice) in the list's order, without duplicates."""
    if not invoices:
        return tool_refusal("sem_fatura", "Diga que não há faturas em aberto neste contrato.")
    if arguments.todas:
        return list(enumerate(invoices[:MAX_LISTED_INVOICES], start=1))
    order = context.facts.invoices or tuple(
        invoice.id for invoice in invoices[:MAX_LISTED_INVOICES]
    )
    open_by_id = {invoice.id: invoice for invoice in invoices}
    numbers = sorted(set(arguments.faturas or (1,)))
    if any(not 1 <= n <= len(order) or order[n - 1] not in open_by_id for n in numbers):
        return tool_refusal("fatura_invalida", "Consulte as faturas de novo e mostre a lista.")
    return [(number, open_by_id[order[number - 1]]) for number in numbers]


async def _send_invoices(
    context: TurnContext, chosen: Sequence[tuple[int, Invoice]], form: PaymentMethod
) -> list[_SentInvoice]:
    """Send every available method of each invoice.

    An ERP error after the first sent method ends the loop, but does not revoke what was added.
    """
    forms = (PaymentMethod.PIX, PaymentMethod.BOLETO) if form is PaymentMethod.BOTH else (form,)
    sent: list[_SentInvoice] = []
    failed = False
    for number, invoice in chosen:
        methods: list[PaymentMethod] = []
        for each in forms if not failed else ():
            try:
                if each in invoice_rows.payment_methods_for(context, invoice) and await _SENDERS[
                    each
                ](context, invoice):
                    methods.append(each)
            except ErpError:
                if not methods and not any(earlier.methods for earlier in sent):
                    raise
                failed = True
        invoice_rows.mark_sent(context, invoice, methods)
        sent.append(_SentInvoice(number, invoice, tuple(methods)))
    return sent


def _other_methods(
    context: TurnContext, chosen: Sequence[tuple[int, Invoice]], form: PaymentMethod
) -> list[PaymentMethod]:
    available = [
        each for _, invoice in chosen for each in invoice_rows.payment_methods_for(context, invoice)
    ]
    return [each for each in dict.fromkeys(available) if form not in (each, PaymentMethod.BOTH)]


async def _send_pix(context: TurnContext, invoice: Invoice) -> bool:
    code = invoice.pix
    if not code and ErpCapability.PIX in context.capabilities:
        code = await context.read_erp(ReadPixCode(context.confirmed_contract().id, invoice.id))
    if not code:
        return False
    file = ("image/png", "pix.png", render_pix_qr(code))
    await context.add_attachment(
        f"pix:{invoice.id}", MessageKind.IMAGE, file, format_pix_caption(invoice)
    )
    context.trailing_contents.append(MessageContent(MessageKind.TEXT, code))
    return True


async def _send_boleto(context: TurnContext, invoice: Invoice) -> bool:
    """Add the PDF, if the ERP has one, and the digit line, if there is one."""
    sent = False
    if invoice.pdf_url:
        try:
            pdf = await context.read_erp(
                FetchInvoicePdf(context.confirmed_contract().id, invoice.pdf_url)
            )
        except ErpError:
            if not invoice.digit_line:
                raise
        else:
            file = ("application/pdf", invoice_filename(invoice), pdf)
            await context.add_attachment(f"boleto:{invoice.id}", MessageKind.DOCUMENT, file, "")
            sent = True
    if invoice.digit_line:
        context.trailing_contents.append(MessageContent(MessageKind.TEXT, invoice.digit_line))
        sent = True
    return sent


_SENDERS = {PaymentMethod.PIX: _send_pix, PaymentMethod.BOLETO: _send_boleto}


_REQUIRED_CAPABILITIES = frozenset({ErpCapability.INVOICES})
LIST_INVOICES = AssistantTool(
    "consultar_faturas",
    "Lista as faturas em aberto do contrato confirmado, com total, atraso, multa e juros.",
    NoArguments,
    list_invoices,
    required_capabilities=_REQUIRED_CAPABILITIES,
    requires_contract=True,
    is_repeatable=True,
    department=Department.BILLING,
)
SEND_INVOICE = AssistantTool(
    "enviar_fatura",
    "Envia uma ou mais faturas por PIX (QR e código), boleto (PDF e linha digitável) ou ambos.",
    SendInvoiceArguments,
    send_invoice,
    required_capabilities=_REQUIRED_CAPABILITIES,
    requires_contract=True,
    only_sends=True,
    department=Department.BILLING,
)
