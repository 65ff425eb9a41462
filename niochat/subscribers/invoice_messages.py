"""Prepares the messages by which an agent sends an invoice: the same ones as the assistant's."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from niochat.assistant.text.payment_messages import (
    format_pix_caption,
    format_sent_invoice,
    invoice_filename,
    render_pix_qr,
)
from niochat.domain.errors import NotFoundError, OperationRefusedError, UnavailableError
from niochat.ports.erp import (
    ErpCapability,
    FetchInvoicePdf,
    Invoice,
    ListInvoices,
    ReadPixCode,
)
from niochat.subscribers.subscriber_reader import ContractRef, SubscriberReader


class SendMethod(StrEnum):
    """How a sent invoice can be paid."""

    PIX = "pix"
    BOLETO = "boleto"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class InvoiceCodes:
    """The codes of an invoice; an empty one does not exist."""

    pix: str
    digit_line: str


@dataclass(frozen=True, slots=True)
class InvoicePart:
    """One message: a text, or a file (name, bytes) with ``text`` as its caption. ``name`` is unique
    within the invoice.
    """

    name: str
    text: str
    file: tuple[str, bytes] | None = None


@dataclass(frozen=True, slots=True)
class PreparedInvoice:
    """The messages in the order in which they are sent, and the payment methods that they carry."""

    methods: tuple[str, ...]
    parts: tuple[InvoicePart, ...]


class InvoicePreparer:
    """Reads everything that is sent before anything is sent."""

    def __init__(self, reader: SubscriberReader) -> None:
        self._reader = reader

    async def find_invoice(self, tenant_id: UUID, ref: ContractRef, invoice_id: str) -> Invoice:
        """Return an open invoice of the contract. Raises ``NotFoundError``."""
        listed = await self._reader.read(tenant_id, ListInvoices(ref.contract.id))
        for invoice in listed.value:
            if invoice.id == invoice_id:
                return invoice
        raise NotFoundError("The contract has no such open invoice.")

    async def load_codes(self, tenant_id: UUID, ref: ContractRef, invoice_id: str) -> InvoiceCodes:
        """Return the PIX code and the digit line of an open invoice."""
        invoice = await self.find_invoice(tenant_id, ref, invoice_id)
        return InvoiceCodes(await self._pix_code(tenant_id, ref, invoice), invoice.digit_line)

    async def prepare(
        self, tenant_id: UUID, ref: ContractRef, invoice_id: str, method: SendMethod, text: str
    ) -> PreparedInvoice:
        """Prepare the messages. An empty ``text`` stands for the assistant's sentence.

        Raises ``NotFoundError``, ``UnavailableError``, and ``OperationRefusedError``
        (``method_unavailable``) if the invoice cannot be paid that way.
        """
        invoice = await self.find_invoice(tenant_id, ref, invoice_id)
        pix: tuple[InvoicePart, ...] = ()
        boleto: tuple[InvoicePart, ...] = ()
        if method is not SendMethod.BOLETO:
            pix = await self._pix_parts(tenant_id, ref, invoice)
        if method is not SendMethod.PIX:
            boleto = await self._boleto_parts(tenant_id, ref, invoice)
        methods = tuple(name for name, parts in (("pix", pix), ("boleto", boleto)) if parts)
        if not methods:
            raise OperationRefusedError(
                "The invoice has no code for this payment method. Choose the other one.",
                code="method_unavailable",
            )
        first = InvoicePart("text", text or format_sent_invoice(invoice, methods))
        return PreparedInvoice(methods, (first, *pix, *boleto))

    async def _pix_parts(
        self, tenant_id: UUID, ref: ContractRef, invoice: Invoice
    ) -> tuple[InvoicePart, ...]:
        code = await self._pix_code(tenant_id, ref, invoice)
        if not code:
            return ()
        image = ("pix.png", render_pix_qr(code))
        return (
            InvoicePart("pix-image", format_pix_caption(invoice), image),
            InvoicePart("pix-code", code),
        )

    async def _pix_code(self, tenant_id: UUID, ref: ContractRef, invoice: Invoice) -> str:
        if invoice.pix or ErpCapability.PIX not in ref.capabilities:
            return invoice.pix
        return (await self._reader.read(tenant_id, ReadPixCode(ref.contract.id, invoice.id))).value

    async def _boleto_parts(
        self, tenant_id: UUID, ref: ContractRef, invoice: Invoice
    ) -> tuple[InvoicePart, ...]:
        """The PDF, if the ERP has one, and the digit line; one of them is enough."""
        line = (InvoicePart("digit-line", invoice.digit_line),) if invoice.digit_line else ()
        if not invoice.pdf_url:
            return line
        request = FetchInvoicePdf(ref.contract.id, invoice.pdf_url)
        try:
            pdf = (await self._reader.read(tenant_id, request)).value
        except (UnavailableError, OperationRefusedError):
            if not line:
                raise
            return line
        return (InvoicePart("boleto", "", (invoice_filename(invoice), pdf)), *line)
