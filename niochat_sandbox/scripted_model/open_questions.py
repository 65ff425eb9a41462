"""The model's questions, and which of them a customer's text answers."""

from enum import StrEnum

from niochat_sandbox.scripted_model.keyword_matching import ScriptedIntent, normalize_text


class ModelQuestion(StrEnum):
    """The words by which the transcript shows that a question was asked."""

    DOCUMENT = "o CPF ou CNPJ do titular"
    LOS = "A luz LOS do modem está vermelha?"
    BACK = "voltou?"
    CABLE = "Você está usando Wi-Fi ou cabo?"
    BETTER = "melhorou?"
    FORM = "prefere PIX ou boleto?"
    BLOCKED = "ou o desbloqueio em confiança?"
    NEW_TICKET = "Quer que eu registre um novo chamado?"
    PLAN = "Qual opção você prefere?"
    NAME = "Qual é o seu nome completo?"
    PLAN_DOCUMENT = "Qual é o CPF ou CNPJ para o cadastro?"
    ADDRESS = "Qual é o endereço completo da instalação?"
    MORE = "mais alguma coisa?"


PLAN_QUESTIONS = (
    ModelQuestion.PLAN,
    ModelQuestion.NAME,
    ModelQuestion.PLAN_DOCUMENT,
    ModelQuestion.ADDRESS,
)

QUESTION_INTENTS = {
    ModelQuestion.LOS: ScriptedIntent.OFFLINE,
    ModelQuestion.BACK: ScriptedIntent.OFFLINE,
    ModelQuestion.CABLE: ScriptedIntent.SLOW,
    ModelQuestion.BETTER: ScriptedIntent.SLOW,
    ModelQuestion.FORM: ScriptedIntent.INVOICE,
    ModelQuestion.NEW_TICKET: ScriptedIntent.TICKET,
    ModelQuestion.PLAN: ScriptedIntent.PLANS,
    ModelQuestion.NAME: ScriptedIntent.PLANS,
    ModelQuestion.PLAN_DOCUMENT: ScriptedIntent.PLANS,
}
"""The intent of each question; a customer who states another intent leaves the question."""

REPEATED_QUESTIONS = {
    ModelQuestion.DOCUMENT: "me informe o CPF ou CNPJ do titular, por favor.",
    ModelQuestion.BACK: "a internet voltou?",
    ModelQuestion.BETTER: "a internet melhorou?",
    ModelQuestion.BLOCKED: "você prefere pagar agora (PIX ou boleto) ou o desbloqueio em "
    "confiança?",
}
"""The wording of a repeated question, if it differs from the first."""


def find_open_question(text: str) -> ModelQuestion | None:
    """The last question in the assistant's text, or None."""
    words = normalize_text(text)
    found = [(words.rfind(normalize_text(question)), question) for question in ModelQuestion]
    position, question = max(found)
    return question if position >= 0 else None


def rephrase_question(question: ModelQuestion) -> str:
    """The question as a complete sentence."""
    return "Para continuar: " + REPEATED_QUESTIONS.get(question, str(question))
