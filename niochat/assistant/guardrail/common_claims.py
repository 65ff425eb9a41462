"""Claim rules for everyday questions: coverage, change requests and invoices that are no longer
open.
"""

import re

from niochat.assistant.guardrail import claim_evidence
from niochat.assistant.guardrail.action_claims import ClaimRule

_PLACE = r"(?:enderecos?|cep|rua|avenida|bairro|regiao|localidade|local|cidade|area|casa|ai)"
_HAVE = r"(?:temos|tem|ha|existe|possuimos|possui|contamos com|tera|conta com)"
_COVER = r"(?:cobertura|viabilidade|disponibilidade)"
_REQUEST = r"(?:pedidos?|solicitac(?:ao|oes)|requerimento)"

COMMON_CLAIMS = (
    ClaimRule(
        "cobertura",
        re.compile(
            rf"\b{_HAVE}( sim| nossa| a| total)*\b.{{0,12}}\b{_COVER}\b|"
            rf"\b{_PLACE}\b(?:(?! nao\b).){{0,30}}\b(eh|esta|fica|sao) "
            r"(atendid[oa]s?|cobert[oa]s?|viavel|(na|dentro da|em) (nossa )?(area de )?cobertura)|"
            r"\b(atendemos|chegamos|cobrimos|estamos)( sim| ja| tambem)*"
            rf"( a| o| n?ess[ea]| n?est[ea]| ao| na| no| sua| seu| em| toda| todo)+ {_PLACE}\b|"
            r"\b(atendemos|cobrimos)( sim| ja| tambem)*"
            r" (em|no bairro|na cidade|a cidade de|o bairro)\b|"
            rf"\b(tem|temos|ha)( sim| nossa)* (fibra|rede)\b.{{0,20}}\b{_PLACE}\b|"
            rf"\b(fibra|rede)\b.{{0,10}}\b(chega|passa|alcanca)\b.{{0,20}}\b{_PLACE}\b|"
            r"\b(da|podemos|conseguimos) (sim )?(para |pra )?instalar (no|na|ai|nesse|nessa|em)\b"
        ),
        claim_evidence.is_covered,
        includes_negation=True,
    ),
    ClaimRule(
        "alteracao",
        re.compile(
            r"\bnov[oa] (senha|vencimento|nome|endereco|titular|plano)\b.{0,25}"
            r"\b(esta|vale|fica|ficou) (ativ|valendo|funcionando|em vigor|pront|configurad)|"
            r"\b(senha|vencimento|plano|endereco|titularidade|nome d[aeo] (rede|wi-?fi)) "
            r"(trocad|alterad|mudad|atualizad|cadastrad|redefinid|resetad)[oa]\b|"
            r"\b(redefini|redefinimos|defini|definimos)\b.{0,12}\b(senha|vencimento)\b|"
            r"\b(nova senha|senha nova)\b.{0,12}\b(eh|ficou|sera)\b|"
            r"\bagora\b.{0,12}\b(vencimento|titular)\b.{0,12}\b(eh|ficou|sera|passa a ser)\b"
        ),
        claim_evidence.is_only_requested,
        includes_negation=True,
    ),
    ClaimRule(
        "pagamento",
        re.compile(
            r"\b(compensou|caiu|entrou|constou)\b.{0,12}\b(pix|pagamento|dinheiro|boleto)\b"
        ),
        claim_evidence.is_paid,
    ),
    ClaimRule(
        "envio",
        re.compile(
            r"\b(enviei|mandei|encaminhei|reenviei|segue|seguem|enviamos|mandamos)\b.{0,20}"
            r"\b[ao]s? de r\$"
        ),
        claim_evidence.is_invoice_sent,
    ),
    ClaimRule(
        "visita",
        re.compile(
            r"\btecnicos?\b.{0,25}\b(vem|vira|virao|aparece|aparecera)\b.{0,25}\b(amanha|hoje|"
            r"segunda|terca|quarta|quinta|sexta|sabado|domingo|logo|daqui a pouco|\d)"
        ),
        claim_evidence.has_appointment,
    ),
    ClaimRule(
        "cobertura",
        re.compile(
            rf"\bnao {_HAVE}\b.{{0,15}}\b{_COVER}\b|\bsem {_COVER}\b|"
            rf"\bnao (atendemos|chegamos|cobrimos|estamos)\b.{{0,25}}\b{_PLACE}\b|"
            rf"\b{_PLACE}\b.{{0,25}}\bnao (eh|esta|fica) (atendid|cobert|viavel|na|dentro)|"
            r"\bfora d[aeo]( nossa)?( area)?( de| da)? ?cobertura\b"
        ),
        claim_evidence.is_not_covered,
        includes_negation=True,
    ),
    ClaimRule(
        "solicitacao",
        re.compile(
            r"\b(registrei|registramos|protocolei|protocolamos|abri|abrimos|solicitei|solicitamos|"
            rf"lancei|lancamos|cadastrei|encaminhei|encaminhamos)\b.{{0,25}}\b{_REQUEST}\b|"
            rf"\b{_REQUEST}\b(?!.{{0,10}} (nao|ainda)).{{0,50}}\b(registrad|protocolad|abert|"
            r"encaminhad|criad|lancad)[oa]s?\b"
        ),
        claim_evidence.is_requested,
    ),
    ClaimRule(
        "sem_fatura",
        re.compile(
            r"\b(fatura|conta|boleto)\b.{0,40}\b(nao (esta|consta|aparece|fica)( mais)?|saiu|sumiu)"
            r" (em aberto|no sistema|pendente|na lista|da lista|dos? (em )?abertos?)"
        ),
        claim_evidence.is_invoice_closed,
        includes_negation=True,
    ),
)
