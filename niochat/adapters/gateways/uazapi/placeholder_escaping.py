"""Escapes placeholders in outgoing text, so that the gateway does not fill them in."""

import re

from niochat.domain.text_validation import to_storable_text

_ZERO_WIDTH_SPACE = "\u200b"
_DOUBLED = re.compile(r"\{(?=\{)")


def escape_placeholders(text: str) -> str:
    """Insert an invisible character between doubled opening braces.

    The gateway replaces ``{{name}}``, ``{{lead_email}}`` and the like in what it sends (Uazapi
    reference 2.1), so a customer or the model could make it reveal its CRM data. Without ``{{``
    there is no placeholder, so ``}}`` may stay.
    """
    return _DOUBLED.sub("{" + _ZERO_WIDTH_SPACE, to_storable_text(text))
