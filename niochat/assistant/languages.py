"""Whether a text is in another language than the customers' Portuguese."""

import re

from niochat.assistant.folding import fold

_WORD = re.compile(r"[a-z']+")
_PORTUGUESE = frozenset("""
    a o as os de do da dos das em no na nos nas um uma e que para pra por com sem voce vc seu sua
    seus suas meu minha eu nao sim se ja mais mas ou como qual quando esta ao sao foi tem pelo
    pela isso este esse aqui ate posso ajudar ola obrigado obrigada fatura contrato
""".split())  # fmt: skip
_ENGLISH = frozenset("""
    the of and to is are you your i we it this that for with not have has can will would please
    been on in at my our how what from be was do help but if or there here
""".split())  # fmt: skip
_SPANISH = frozenset("""
    el los las una con para su sus usted tu mi yo pero como esta este hola gracias puedo ayudar
    del al lo es son por favor tiene muy ya y
""".split())  # fmt: skip
_OTHERS = (_ENGLISH | _SPANISH) - _PORTUGUESE
_FEWEST = 4
"""Foreign words from which a text counts as foreign: names of plans and devices are some, too."""


def foreign(text: str) -> bool:
    """Whether most of the text's small words are not Portuguese."""
    words = _WORD.findall(fold(text))
    others = sum(word in _OTHERS for word in words)
    return others >= _FEWEST and others > sum(word in _PORTUGUESE for word in words)
