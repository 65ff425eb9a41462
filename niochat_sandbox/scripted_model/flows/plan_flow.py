"""The flow for plans: the list, one question at a time, then the registration for sales."""

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


def start_plan_flow(view: TurnView) -> ModelAction:
    """List the plans; the rules know none by heart."""
    return call_tool_or_hand_off(view, ToolName.LIST_PLANS)


def present_plans(_scene: TurnView, data: JsonObject) -> ModelAction:
    """Show the plans with the text of the result, and ask for a choice."""
    plans = data.get("planos")
    if not plans:
        return TextReply(NONE_FOUND)
    lines = [f"{each.get('opcao')} - {each.get('nome')}: {each.get('preco')}" for each in plans]
    return TextReply(f"{display_text(data, chr(10).join(lines))}\n\n{ModelQuestion.PLAN}")


def ask_next_field(view: TurnView, question: ModelQuestion) -> ModelAction:
    """Ask for the first missing answer; register the interest when all are given."""
    answers = _collect_answers(view)
    if question is ModelQuestion.PLAN and question not in answers:
        return accept_no_or_repeat(view, question)
    for next_question in PLAN_QUESTIONS:
        if next_question not in answers:
            return TextReply(str(next_question))
    return call_tool_or_hand_off(
        view,
        ToolName.REGISTER_INTEREST,
        plano=parse_choice_number(answers[ModelQuestion.PLAN]),
        nome=answers[ModelQuestion.NAME],
        cpf_cnpj=find_tax_id(answers[ModelQuestion.PLAN_DOCUMENT]),
        endereco=answers[ModelQuestion.ADDRESS],
    )


def reply_to_registration(_scene: TurnView, _data: JsonObject) -> ModelAction:
    """Confirm the registration; the product hands off to sales by itself."""
    return TextReply(REGISTERED)


def _collect_answers(view: TurnView) -> PlanAnswers:
    """The newest valid answer to each question; a new choice of plan resets the answers."""
    answers: PlanAnswers = {}
    question_asked = None
    for line in view.lines:
        if line.speaker is Speaker.ASSISTANT:
            question_asked = find_open_question(line.text)
            if question_asked is ModelQuestion.PLAN:
                answers.clear()
        elif question_asked in PLAN_QUESTIONS:
            _record_answer(answers, question_asked, line.text)
    return answers


def _record_answer(answers: PlanAnswers, question: ModelQuestion, text: str) -> None:
    if _VALID[question](text):
        answers[question] = text.strip()
