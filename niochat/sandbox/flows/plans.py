"""Plans: the list, then one datum at a time, then the interest for the sales team."""

from collections.abc import Callable

from niochat.sandbox.flows.actions import Action, Say, Tool
from niochat.sandbox.flows.offers import let_go_or_ask_again, shown, use
from niochat.sandbox.flows.questions import PLAN_QUESTIONS, Question, open_question
from niochat.sandbox.flows.scene import Scene, Speaker
from niochat.sandbox.flows.words import document_in, number_in
from niochat.sandbox.rim import Body

NONE_FOUND = "Não tenho a lista de planos aqui. Posso chamar a equipe de vendas?"
REGISTERED = "Anotei seu interesse. A equipe de vendas continua o atendimento por aqui."

Answers = dict[Question, str]

_VALID: dict[Question, Callable[[str], object]] = {
    Question.PLAN: number_in,
    Question.NAME: str.strip,
    Question.PLAN_DOCUMENT: document_in,
    Question.ADDRESS: str.strip,
}


def start(scene: Scene) -> Action:
    """The list first; plans are never told from memory."""
    return use(scene, Tool.LIST_PLANS)


def listed(_scene: Scene, data: Body) -> Action:
    """The plans as the system wants them shown, and the choice."""
    plans = data.get("planos")
    if not plans:
        return Say(NONE_FOUND)
    lines = [f"{each.get('opcao')} - {each.get('nome')}: {each.get('preco')}" for each in plans]
    return Say(f"{shown(data, chr(10).join(lines))}\n\n{Question.PLAN}")


def proceed(scene: Scene, question: Question) -> Action:
    """Asks for the first datum that is missing; with all of them the interest is registered."""
    answers = _answers(scene)
    if question is Question.PLAN and question not in answers:
        return let_go_or_ask_again(scene, question)
    for wanted in PLAN_QUESTIONS:
        if wanted not in answers:
            return Say(str(wanted))
    return use(
        scene,
        Tool.REGISTER_INTEREST,
        plano=number_in(answers[Question.PLAN]),
        nome=answers[Question.NAME],
        cpf_cnpj=document_in(answers[Question.PLAN_DOCUMENT]),
        endereco=answers[Question.ADDRESS],
    )


def registered(_scene: Scene, _data: Body) -> Action:
    """The interest is noted; the system hands over to sales by itself."""
    return Say(REGISTERED)


def _answers(scene: Scene) -> Answers:
    """The newest usable answer to each question; a new choice of plan starts anew."""
    answers: Answers = {}
    asked = None
    for line in scene.lines:
        if line.speaker is Speaker.ASSISTANT:
            asked = open_question(line.text)
            if asked is Question.PLAN:
                answers.clear()
        elif asked in PLAN_QUESTIONS:
            _take(answers, asked, line.text)
    return answers


def _take(answers: Answers, question: Question, text: str) -> None:
    if _VALID[question](text):
        answers[question] = text.strip()
