"""What an assistant may say is done, and by what it is known to be so. Texts come folded."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from niochat.assistant.case import Case


@dataclass(frozen=True, slots=True)
class Claim:
    """What may only be said when it is so."""

    code: str
    pattern: re.Pattern[str]
    holds: Callable[[Case], bool]


def _used(*tools: str) -> Callable[[Case], bool]:
    return lambda case: any(name in tools and result["ok"] for name, result in case.results)


def _known_ticket(case: Case) -> bool:
    told = any(result.get("protocolo") for name, result in case.results if name == "abrir_chamado")
    return bool(case.facts.ticket) or told or _used("consultar_chamados")(case)


CLAIMS = (
    Claim(
        "desbloqueio",
        re.compile(
            r"\b(desbloque(ad[oa]|ei|amos)|liberad[oa]|liberei|liberamos|religad[oa]|religuei|"
            r"reativad[oa])\b|"
            r"\b(fiz|fizemos|realizei|efetuei|conclui|aprovei)\b.{0,15}"
            r"\b(desbloqueio|liberacao|religacao)\b|"
            r"\b(desbloqueio|liberacao|religacao)\b.{0,30}"
            r"\b(feit[oa]|realizad[oa]|efetuad[oa]|concluid[oa]|aprovad[oa])\b"
        ),
        lambda case: bool(case.facts.unlocked),
    ),
    Claim(
        "chamado",
        re.compile(
            r"\b(chamado|ordem de servico|visita|tecnico)\b.{0,40}"
            r"\b(abert[oa]|registrad[oa]|criad[oa]|gerad[oa]|agendad[oa]|enviad[oa]|a caminho)\b|"
            r"\b(abri|registrei|criei|gerei|agendei|abrimos|agendamos)\b.{0,30}"
            r"\b(chamado|ordem|visita|protocolo|tecnico)\b"
        ),
        _known_ticket,
    ),
    Claim(
        "visita",
        re.compile(
            r"\btecnicos?\b.{0,25}\b(vai|vao|ira|irao|passara|chegara|estara)\b.{0,12}"
            r"\b(ate|ai|na|no|em|ao|sua|seu|hoje|amanha)\b"
        ),
        _known_ticket,
    ),
    Claim(
        "envio",
        re.compile(
            r"\b(acabei de|estou)( te| lhe)? (enviar|mandar|enviando|mandando)\b|"
            r"\b(enviei|mandei|enviamos|segue|seguem|aqui esta|foi enviad[oa])\b.{0,40}"
            r"\b(pix|boleto|fatura|codigo|segunda via|2a via|qr|linha digitavel)\b|"
            r"\b(pix|boleto|fatura|codigo|segunda via|qr|linha digitavel)\b.{0,30}"
            r"\b(enviad[oa]|na proxima mensagem)\b"
        ),
        lambda case: _used("enviar_fatura")(case) or bool(case.facts.sent),
    ),
    Claim(
        "transferencia",
        re.compile(
            r"\b(transferi|transferid[oa]|encaminhei|encaminhad[oa]|passei|repassei)\b.{0,40}"
            r"\b(atendimento|atendente|equipe|setor|humano|suporte|financeiro|vendas|caso)\b|"
            r"\b(atendimento|caso|solicitacao)\b.{0,30}\b(transferid[oa]|encaminhad[oa])\b|"
            r"\bestou (te |lhe )?(transferindo|encaminhando|passando (seu|voce|o))\b"
        ),
        lambda case: case.handoff is not None,
    ),
    Claim(
        "pagamento",
        re.compile(
            r"\b(pagamento|fatura|boleto|pix|conta|debito|divida)\b.{0,30}"
            r"\b(confirmad[oa]|recebid[oa]|identificad[oa]|baixad[oa]|quitad[oa]|paga|pago|compensad[oa]|perdoad[oa])\b|"
            r"\b(recebemos|confirmamos|confirmei|recebi|identifiquei|baixei)\b.{0,30}\bpagamento\b"
        ),
        lambda case: False,
    ),
    Claim(
        "cancelamento",
        re.compile(
            r"\b(cancelei|cancelamos)\b|"
            r"\b(fiz|fizemos|realizei|efetuei|solicitei|registrei|pedi)\b.{0,10}\bcancelamento\b|"
            r"\bcancelamento\b.{0,25}"
            r"\b(feito|realizado|efetuado|concluido|confirmado|solicitado|registrado)\b|"
            r"\b(contrato|plano|servico|assinatura|internet)\b.{0,20}\bcancelad[oa]\b"
        ),
        lambda case: False,
    ),
    Claim(
        "alteracao",
        re.compile(
            r"\b(apliquei|aplicamos|concedi|zerei|isentei|abonei|alterei|alteramos|atualizei|troquei|"
            r"mudei|cadastrei|reiniciei|resetei|ativei|reativei|configurei|estornei|creditei|"
            r"desativei|dei baixa)\b|"
            r"\b(desconto|credito|isencao|estorno|abono|reembolso)\b.{0,30}"
            r"\b(aplicad[oa]|concedid[oa]|aprovad[oa]|liberad[oa]|feit[oa]|garantid[oa])\b"
        ),
        lambda case: False,
    ),
)
"""Nothing that the assistant has no tool for can be true."""
