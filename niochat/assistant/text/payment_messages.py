"""The texts and the QR image by which an invoice is sent to a customer, by the assistant or by an
agent.
"""

import io
from collections.abc import Sequence

import segno

from niochat.assistant.text.formatting import format_brl, format_date
from niochat.ports.erp import Invoice

_FOLLOWING_TEXTS = {
    ("pix",): "O código PIX vai sozinho na próxima mensagem.",
    ("boleto",): "O boleto vai na próxima mensagem.",
    ("pix", "boleto"): "O código PIX e o boleto vão nas próximas mensagens.",
}


def format_sent_invoice(invoice: Invoice, methods: Sequence[str]) -> str:
    """The text before the codes of one invoice. ``methods`` are ``pix`` and ``boleto``."""
    what = f"{format_brl(invoice.amount)} com vencimento em {format_date(invoice.due)}"
    return f"Segue sua fatura de {what}. {_FOLLOWING_TEXTS[tuple(methods)]}"


def format_pix_caption(invoice: Invoice) -> str:
    """The caption of the QR image."""
    return f"Fatura de {format_brl(invoice.amount)}, vencimento {format_date(invoice.due)}"


def invoice_filename(invoice: Invoice) -> str:
    """The name of the invoice's PDF."""
    return f"fatura-{invoice.due:%Y-%m-%d}.pdf"


def render_pix_qr(code: str) -> bytes:
    """Render the code as a QR image (PNG) that a second phone's camera can read."""
    image = io.BytesIO()
    segno.make_qr(code, error="m").save(image, kind="png", scale=8, border=4)
    return image.getvalue()
