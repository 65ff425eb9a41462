"""How the assistant lets go: to a team, or with a farewell."""

import re

from niochat.assistant.case import Case, Result, Sector, done, refused
from niochat.assistant.folding import fold
from niochat.assistant.handover import announcement, summary
from niochat.assistant.tools.tool import Arguments, Tool, Words

_FAREWELL = re.compile(
    r"\b(obrigad[oa]|brigad[oa]|valeu|vlw|agradec\w*|tchau|ate (mais|logo)|so isso|era isso|"
    r"nada mais|mais nada|e so|tudo certo|resolvid[oa]|resolveu|por enquanto nao|pode encerrar|"
    r"encerr\w+|nao|n|nao preciso|beleza|show|perfeito|otimo)\b"
)
_WANTS_MORE = re.compile(r"\?|\b(mas|ainda|porem|so que|quero|preciso|como)\b")


class Transfer(Arguments):
    """``resumo``: what the team should know, in a sentence or two."""

    setor: Sector
    motivo: Words
    resumo: Words


class Close(Arguments):
    """``motivo``: why nothing is left to do."""

    motivo: Words


async def transfer(case: Case, wanted: Transfer) -> Result:
    """To a team of people, with a summary; the customer is told which, and when it answers."""
    head = f"{wanted.resumo}\nMotivo: {wanted.motivo}."
    case.hand_over(wanted.setor, "assistant_transfer", summary(case, head))
    assert case.handoff is not None
    case.final = announcement(case, case.handoff.team)
    return done(equipe=case.team_name(case.handoff.team), aberto=case.visit.people.there)


async def close(case: Case, wanted: Close) -> Result:
    """The visit is over, but only where the customer has said so."""
    said = fold(case.visit.unanswered[-1] if case.visit.unanswered else "")
    waiting = case.facts.identified and not case.facts.contract
    if waiting or not _FAREWELL.search(said) or _WANTS_MORE.search(said):
        return refused(
            "nao_pode_encerrar", "O cliente não encerrou: pergunte se pode ajudar em algo mais."
        )
    case.close = wanted.motivo
    case.instead = f"Obrigado pelo contato! Protocolo: {case.visit.request.protocol}"
    return done(orientacao="Despeça-se em uma frase.")


TRANSFER = Tool(
    "transferir_atendimento",
    "Passa o atendimento para uma equipe de pessoas, com um resumo.",
    Transfer,
    transfer,
)
CLOSE = Tool(
    "encerrar_atendimento",
    "Encerra o atendimento quando o cliente disse que não precisa de mais nada.",
    Close,
    close,
)
