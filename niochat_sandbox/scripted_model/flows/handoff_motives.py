"""Parse why a customer wants a handoff at once: the values of ``motivo``."""

import re

from niochat_sandbox.scripted_model.keyword_matching import normalize_text

_ABUSE_PATTERN = re.compile(r"⟦[^⟧]*⟧")
"""The content of a file is no wish of the customer."""
_NEGATION_PATTERN = r"(?<!nao quero )(?<!nao vou )"
_MOTIVES = {
    "orgao_ou_justica": r"\b(procon|anatel|reclame aqui|justica|juizado|advogad[oa]|processar)\b"
    r"|\bdanos morais\b|consumidor\.gov",
    "cancelamento": _NEGATION_PATTERN
    + r"\b(cancelar|cancelem|cancela|cancelamento|rescindir|rescisao)\b"
    r"(?! (o|a|meu|minha|esse|essa|este|esta) (chamado|visita|boleto|fatura|pix))"
    r"|\b(desistir do|encerrar (o |meu )?)(contrato|plano)\b"
    r"|\bnao quero mais (a |o |essa )?(internet|servico)\b",
    "pediu_pessoa": r"\b(atendentes?|human[oa]s?|gerente|supervisora?|responsavel)\b"
    r"|\b(falar|conversar) com (uma pessoa|alguem)\b|\bpessoa de verdade\b"
    r"|\bnao quero (falar|conversar) com (robo|uma maquina)\b",
    "insatisfeito": r"\b(palhacada|vergonha|absurdo|ridiculo|porcaria|descaso|incompetentes?|merda|"
    r"porra|caralho|golpistas?)\b|\bfalta de respeito\b|\bnao aguento mais\b|\bcansei de\b"
    r"|\b(quero|vou|queria|preciso) (fazer uma )?(reclamar|reclamacao)\b",
}
"""The motives in order of priority."""


def parse_handoff_motive(text: str) -> str | None:
    """The motive for a handoff in a text; None if it has none."""
    words = normalize_text(_ABUSE_PATTERN.sub(" ", text))
    return next((motive for motive, known in _MOTIVES.items() if re.search(known, words)), None)
