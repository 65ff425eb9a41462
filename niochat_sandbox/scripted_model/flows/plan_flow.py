"""Plans: the list, then one datum at a time, then the interest for the sales team."""

from collections.abc import Callable

from niochat_sandbox.http_json import JsonObject
from niochat_sandbox.scripted_model.flows.shared_steps import (
    accept_no_or_repeat,
    call_tool_or_hand_off,
    display_text,
)
from niochat_sandbox.scripted_model.keyword_matching import find_tax_id, parse_choice_number
from niochat_sandbox.scripted_model.model_actions import ModelAction, TextReply, ToolName
from niochat_sandbox.scripted_model.open_questions import (
    PLAN_QUESTIONS,
    ModelQuestion,
    find_open_question,
)
from niochat_sandbox.scripted_model.turn_view import Speaker, TurnView

NONE_FOUND = "Não tenho a lista de planos aqui. Posso chamar a equipe de vendas?"
REGISTERED = "Anotei seu interesse. A equipe de vendas continua o atendimento por aqui."

PlanAnswers = dict[ModelQuestion, str]

_VALID: dict[ModelQuestion, Callable[[str], object]] = {
    ModelQuestion.PLAN: parse_choice_number,
    ModelQuestion.NAME: str.strip,
    ModelQuestion.PLAN_DOCUMENT: find_tax_id,
    ModelQuestion.ADDRESS: str.strip,
}


def start_plan_flow(scene: TurnView) -> ModelAction:
    """The list first; plans are never told from memory."""
    return call_tool_or_hand_off(scene, ToolName.LIST_PLANS)


def present_plans(_scene: TurnView, data: JsonObject) -> ModelAction:
    """The plans as the system wants them shown, and the choice."""
    plans = data.get("planos")
    if not plans:
        return TextReply(NONE_FOUND)
    lines = [f"{each.get('opcao')} - {each.get('nome')}: {each.get('preco')}" for each in plans]
    return TextReply(f"{display_text(data, chr(10).join(lines))}\n\n{ModelQuestion.PLAN}")


def ask_next_field(scene: TurnView, question: ModelQuestion) -> ModelAction:
    """Asks for the first datum that is missing; with all of them the interest is registered."""
    answers = _collect_answers(scene)
    if question is ModelQuestion.PLAN and question not in answers:
        return accept_no_or_repeat(scene, question)
    for wanted in PLAN_QUESTIONS:
        if wanted not in answers:
            return TextReply(str(wanted))
    return call_tool_or_hand_off(
        scene,
        ToolName.REGISTER_INTEREST,
        plano=parse_choice_number(answers[ModelQuestion.PLAN]),
        nome=answers[ModelQuestion.NAME],
        cpf_cnpj=find_tax_id(answers[ModelQuestion.PLAN_DOCUMENT]),
        endereco=answers[ModelQuestion.ADDRESS],
    )


def reply_to_registration(_scene: TurnView, _data: JsonObject) -> ModelAction:
    """The interest is noted; the system hands over to sales by itself."""
    return TextReply(REGISTERED)


def _collect_answers(scene: TurnView) -> PlanAnswers:
    """The newest usable answer to each question; a new choice of plan starts anew."""
    answers: PlanAnswers = {}
    asked = None
    for line in scene.lines:
        if line.speaker is Speaker.ASSISTANT:
            asked = find_open_question(line.text)
            if asked is ModelQuestion.PLAN:
                answers.clear()
        elif asked in PLAN_QUESTIONS:
            _record_answer(answers, asked, line.text)
    return answers


def _record_answer(answers: PlanAnswers, question: ModelQuestion, text: str) -> None:
    if _VALID[question](text):
        answers[question] = text.strip()
