"""Service orders: opening one, and telling of those that exist."""

import re
from enum import StrEnum

from niochat.sandbox.flows.actions import Action, Say, Tool
from niochat.sandbox.flows.offers import MORE, let_go_or_ask_again, use
from niochat.sandbox.flows.questions import Question
from niochat.sandbox.flows.scene import Scene
from niochat.sandbox.flows.words import Intent, plain, says_yes
from niochat.sandbox.rim import Body

NONE_FOUND = f"Não encontrei chamados neste contrato. {Question.NEW_TICKET}"

_NEW = re.compile(r"\b(abr(ir|e|a)|nov[oa]|agend\w+|marcar|solicit\w+)\b")
_DOCUMENTS = re.compile(r"\d[\d.\-/ ]{9,}\d")
_LONGEST_SYMPTOMS = 300


class Category(StrEnum):
    """The values of `categoria` that the flows use."""

    NO_CONNECTION = "sem_conexao"
    SLOW = "lentidao"
    RED_LIGHT = "los_vermelho"
    OTHER = "outro"


_SUMMARIES = {
    Category.NO_CONNECTION: "Sem conexão; LOS não está vermelha; já religou o equipamento.",
    Category.SLOW: "Internet lenta; continua após os testes.",
    Category.RED_LIGHT: "Sem conexão; luz LOS vermelha: provável problema físico.",
    Category.OTHER: "Cliente pede um novo chamado.",
}
_INTENTS = {
    Category.NO_CONNECTION: Intent.OFFLINE,
    Category.SLOW: Intent.SLOW,
    Category.RED_LIGHT: Intent.OFFLINE,
    Category.OTHER: Intent.TICKET,
}


def open_ticket(scene: Scene, category: Category) -> Action:
    """The call, with the customer's words since the wish and no document's digits in it."""
    texts = scene.since(_INTENTS[category]) or (scene.said,)
    symptoms = _DOCUMENTS.sub("…", "; ".join(texts))[:_LONGEST_SYMPTOMS]
    summary = _SUMMARIES[category]
    return use(scene, Tool.OPEN_TICKET, categoria=category, resumo=summary, sintomas=symptoms)


def opened(_scene: Scene, data: Body) -> Action:
    """The protocol; the system hands over to support by itself."""
    return Say(f"Chamado aberto com o protocolo {data.get('protocolo')}. O suporte continua daqui.")


def start(scene: Scene) -> Action:
    """A new one when asked for, otherwise those that exist."""
    if any(_NEW.search(plain(text)) for text in scene.since(Intent.TICKET)):
        return open_ticket(scene, Category.OTHER)
    return use(scene, Tool.LIST_TICKETS)


def listed(_scene: Scene, data: Body) -> Action:
    """The tickets, one a line."""
    tickets = data.get("chamados")
    if not tickets:
        return Say(NONE_FOUND)
    lines = [
        f"- Protocolo {each.get('protocolo')}: {each.get('situacao')}, de {each.get('data')}"
        for each in tickets
    ]
    return Say("\n".join(["Seus chamados:", *lines, "", MORE]))


def answer_new(scene: Scene, question: Question) -> Action:
    """Whether a new ticket is wanted after none was found."""
    if says_yes(scene.said):
        return open_ticket(scene, Category.OTHER)
    return let_go_or_ask_again(scene, question)
