"""Reasons to hand a conversation over at once.

Usually the model finds the reason and quotes the customer. The patterns here serve when no model
answers.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from niochat.assistant.text.text_normalization import fold


class EscalationReason(StrEnum):
    """Why agents must take over at once; a reason code of handoffs."""

    HUMAN = "asked_for_human"
    CANCELLATION = "cancellation"
    COMPLAINT_BODY = "complaint_body"
    """The customer names Procon, Anatel or a court."""
    ANGER = "anger"
    OTHER = "assistant_transfer"
    """The assistant cannot or must not continue."""


_NOT = r"(?<!nao quero )(?<!nao vou )(?<!nao pretendo )(?<!nao desejo )"
_PATTERNS = {
    EscalationReason.COMPLAINT_BODY: re.compile(
        r"\b(procon|anatel|reclame aqui|juizado|pequenas causas|ministerio publico|"
        r"processar (voces|a empresa|o provedor)|(meu|minha) advogad[oa]|vou a justica|na justica|"
        r"acao judicial|danos morais|consumidor\.gov)\b"
    ),
    EscalationReason.CANCELLATION: re.compile(
        _NOT + r"\b(cancelar|cancelem|cancela|cancelamento|rescindir|rescisao)\b"
        r"(?! (o|a|meu|minha|esse|essa|este|esta) (chamado|visita|agendamento|boleto|fatura|pix))|"
        r"\b(desistir|encerrar|acabar com) (d?[oa]? ?)?(meu |minha )?"
        r"(contrato|plano|internet|assinatura)\b|"
        r"\bnao quero mais (a |o |essa |esse |minha |meu )?(internet|plano|servico|contrato)\b"
    ),
    EscalationReason.HUMAN: re.compile(
        r"\b(atendente|atendimento humano|ser humano|pessoa (real|de verdade)|humano)\b|"
        r"\b(falar|conversar|tratar) com (um |uma |o |a |seu |sua )?"
        r"(humano|pessoa|alguem|gente|gerente|supervisor|supervisora|responsavel|setor|equipe)\b|"
        r"\bnao quero (falar|conversar) com (um |esse |essa |uma )?(robo|maquina|bot|ia)\b"
    ),
    EscalationReason.ANGER: re.compile(
        r"\b(palhacada|vergonha|absurdo|absurda|ridicul[oa]|um lixo|porcaria|descaso|inadmissivel|"
        r"falta de respeito|incompetentes?|merda|bosta|porra|caralho|fdp|vagabund[oa]s?|"
        r"nao aguento mais|estou furios[oa]|golpistas?|ladroes)\b|\bcansei de\b"
    ),
}
"""The patterns in order of priority: a customer who names Procon and asks for a human is about
Procon.
"""


def detect_escalation(texts: Iterable[str]) -> EscalationReason | None:
    """The escalation reason in the customer's newest texts, or ``None``."""
    text = fold(" \n ".join(texts))
    return next((reason for reason, pattern in _PATTERNS.items() if pattern.search(text)), None)
