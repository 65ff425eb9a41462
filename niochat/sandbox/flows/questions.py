"""The model's questions: how they are asked, and which one a customer's text answers."""

from enum import StrEnum

from niochat.sandbox.flows.words import Intent, plain


class Question(StrEnum):
    """The words by which an asked question is known again in the transcript."""

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


PLAN_QUESTIONS = (Question.PLAN, Question.NAME, Question.PLAN_DOCUMENT, Question.ADDRESS)

FAMILIES = {
    Question.LOS: Intent.OFFLINE,
    Question.BACK: Intent.OFFLINE,
    Question.CABLE: Intent.SLOW,
    Question.BETTER: Intent.SLOW,
    Question.FORM: Intent.INVOICE,
    Question.NEW_TICKET: Intent.TICKET,
    Question.PLAN: Intent.PLANS,
    Question.NAME: Intent.PLANS,
    Question.PLAN_DOCUMENT: Intent.PLANS,
}
"""The wish that a question belongs to: another wish in the answer leaves the question."""

SENTENCES = {
    Question.DOCUMENT: "me informe o CPF ou CNPJ do titular, por favor.",
    Question.BACK: "a internet voltou?",
    Question.BETTER: "a internet melhorou?",
    Question.BLOCKED: "você prefere pagar agora (PIX ou boleto) ou o desbloqueio em confiança?",
}
"""A question as it is asked again, where that is not its own words."""


def open_question(asked: str) -> Question | None:
    """The question that stands last in what the assistant said, or None."""
    words = plain(asked)
    found = [(words.rfind(plain(question)), question) for question in Question]
    position, question = max(found)
    return question if position >= 0 else None


def repeated(question: Question) -> str:
    """The question in a sentence of its own."""
    return "Para continuar: " + SENTENCES.get(question, str(question))
