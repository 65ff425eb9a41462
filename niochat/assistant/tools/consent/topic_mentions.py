"""Check that the customer mentioned a topic before a tool writes something about it.

This is only a safety net below the model's judgement: it accepts everything that could be meant.
"""

import re
from collections.abc import Iterable

from niochat.assistant.text.text_normalization import fold

_PLAN = re.compile(
    r"\b(planos?|assin\w+|contrat(ar|o um|acao)|instal\w+|\d+ ?(mega|giga)\w*|mega|giga|pacotes?|"
    r"upgrade|aumentar|velocidade maior|mais velocidade|(quero|ter|colocar|botar) internet|"
    r"internet (em|na minha|pra minha) casa|cobertura|viabilidade)\b"
)
_TROUBLE = re.compile(
    r"\b(inte?rne?te?|net|wi-?fi|wifi|rede|sinal|conex\w+|conect\w+|desconect\w+|lu[zi]s?|los|letn\w*|lent\w+|"
    r"trav\w+|oscil\w+|ca(iu|indo|i|iram)|qued\w+|fora do ar|parou|parad[oa]|modem|roteador|onu|"
    r"fibra|cabo|fio|poste|rompi\w+|ping|chamado|visita|tecnic\w+|reparo|consert\w+|"
    r"nao (funciona|navega|abre|pega|carrega)\w*|senha|endereco|mudanca|vencimento)\b"
)


def mentions_plans(texts: Iterable[str]) -> bool:
    """Whether the customer may want to buy a plan."""
    return any(_PLAN.search(fold(text)) for text in texts)


def mentions_trouble(texts: Iterable[str]) -> bool:
    """Whether the customer mentioned anything that a technician could be sent for."""
    return any(_TROUBLE.search(fold(text)) for text in texts)
