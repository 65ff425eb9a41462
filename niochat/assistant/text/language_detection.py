"""Detect a text that is not in Portuguese."""

import re

from niochat.assistant.text.text_normalization import fold

_PORTUGUESE = re.compile(
    r"\b(a|o|as|os|de|do|da|dos|das|em|no|na|nos|nas|um|uma|e|que|para|pra|por|com|sem|voce|vc|seu|"
    r"sua|seus|suas|meu|minha|eu|nao|sim|se|ja|mais|mas|ou|como|qual|quando|esta|ao|sao|foi|tem|"
    r"pelo|pela|isso|este|esse|aqui|ate|posso|ajudar|ola|obrigad[oa]|fatura|contrato)\b"
)
_OTHERS = re.compile(
    r"\b(the|of|and|to|is|are|you|your|i|we|it|this|that|for|with|not|have|has|can|will|would|"
    r"please|"
    r"been|on|in|at|my|our|how|what|from|be|was|help|but|if|there|here|"
    r"el|los|las|una|con|su|sus|usted|tu|mi|yo|pero|hola|gracias|puedo|ayudarle|del|al|lo|es|son|"
    r"favor|tiene|muy|ya|y)\b"
)
_MIN_FOREIGN_WORDS = 4
"""The number of foreign words from which a text can count as foreign; names of plans and devices
contain some.
"""


def is_foreign_language(text: str) -> bool:
    """Whether most of the text's function words are not Portuguese."""
    folded = fold(text)
    others = len(_OTHERS.findall(folded))
    return others >= _MIN_FOREIGN_WORDS and others > len(_PORTUGUESE.findall(folded))
