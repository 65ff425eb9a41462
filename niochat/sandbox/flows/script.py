"""The order of the rules: the first that applies gives the next action."""

from collections.abc import Callable

from niochat.sandbox.flows import (
    closing,
    connection,
    identification,
    invoices,
    plans,
    tickets,
    unlock,
)
from niochat.sandbox.flows.actions import Action, Say, Tool
from niochat.sandbox.flows.faults import explain
from niochat.sandbox.flows.offers import HELP, SAFE, let_go_or_ask_again
from niochat.sandbox.flows.questions import FAMILIES, Question
from niochat.sandbox.flows.scene import Scene
from niochat.sandbox.flows.words import Intent, intent_of, thanks
from niochat.sandbox.rim import Body

_NO_WORDS = "⟦áudio sem transcrição⟧"
_TYPE = "Não consegui ouvir o seu áudio. Pode escrever, por favor?"
_STARTS: dict[Intent, Callable[[Scene], Action]] = {
    Intent.INVOICE: invoices.start,
    Intent.OFFLINE: connection.start_offline,
    Intent.SLOW: connection.start_slow,
    Intent.UNLOCK: unlock.start,
    Intent.TICKET: tickets.start,
    Intent.PLANS: plans.start,
}
_ANSWERS: dict[Question, Callable[[Scene, Question], Action]] = {
    Question.LOS: connection.answer_light,
    Question.BACK: connection.answer_back,
    Question.CABLE: connection.answer_cable,
    Question.BETTER: connection.answer_better,
    Question.FORM: invoices.answer_form,
    Question.BLOCKED: let_go_or_ask_again,
    Question.NEW_TICKET: tickets.answer_new,
    Question.PLAN: plans.proceed,
    Question.NAME: plans.proceed,
    Question.PLAN_DOCUMENT: plans.proceed,
    Question.ADDRESS: plans.proceed,
}


def next_action(scene: Scene) -> Action:
    """What the model does now."""
    if scene.refused:
        return Say(SAFE)
    if scene.results:
        return _continue(scene)
    actions = (rule(scene) for rule in _RULES)
    return next((action for action in actions if action), Say(HELP))


def _continue(scene: Scene) -> Action:
    """The step after this turn's last result."""
    last = scene.results[-1]
    if not last.ok:
        return explain(scene, last)
    step = _STEPS.get(last.tool)
    return step(scene, last.data) if step else Say(HELP)


def _go_on(scene: Scene, data: Body) -> Action:
    """A contract was confirmed: back to what the customer wanted."""
    wish = intent_of(scene.said) or data.get("desejo")
    if wish == Intent.INVOICE and data.get("faturas") is not None:
        return invoices.offer(scene, data)
    if wish in _STARTS:
        return _STARTS[Intent(wish)](scene)
    return Say(f"Obrigado por confirmar. {HELP}")


def _answer(scene: Scene) -> Action | None:
    """The answer to an open question, unless the customer now wants something else."""
    question = scene.question
    if question is None or question not in _ANSWERS:
        return None
    intent = None if thanks(scene.said) else intent_of(scene.said)
    leaves = intent is not None and intent is not FAMILIES.get(question)
    if leaves and question is not Question.ADDRESS:  # streets are named after anything
        return None
    return _ANSWERS[question](scene, question)


def _start(scene: Scene) -> Action | None:
    """The flow of what is wanted; only plans are for strangers too."""
    intent = None if thanks(scene.said) else intent_of(scene.said)
    if intent is None:
        return None
    if intent is not Intent.PLANS and scene.contract is None:
        return closing.greeted(scene, identification.ask(scene, intent))
    return closing.greeted(scene, _STARTS[intent](scene))


def _unheard(scene: Scene) -> Action | None:
    """A voice note came without its words, and nothing else did."""
    rest = scene.said.replace(_NO_WORDS, "").strip()
    if _NO_WORDS not in scene.said or rest:
        return None
    return closing.greeted(scene, Say(_TYPE))


def _insist(scene: Scene) -> Action | None:
    """The document was asked for, and something else came."""
    waiting = scene.question is Question.DOCUMENT and scene.contract is None
    return Say(identification.INCOMPLETE) if waiting else None


_STEPS: dict[str, Callable[[Scene, Body], Action]] = {
    Tool.IDENTIFY: identification.present,
    Tool.CHOOSE_CONTRACT: _go_on,
    Tool.LIST_INVOICES: invoices.offer,
    Tool.SEND_INVOICE: invoices.sent,
    Tool.CHECK_CONNECTION: connection.after_check,
    Tool.CHECK_MAINTENANCE: connection.after_maintenance,
    Tool.UNLOCK: unlock.unlocked,
    Tool.OPEN_TICKET: tickets.opened,
    Tool.LIST_TICKETS: tickets.listed,
    Tool.LIST_PLANS: plans.listed,
    Tool.REGISTER_INTEREST: plans.registered,
    Tool.TRANSFER: closing.transferred,
    Tool.CLOSE: closing.closed,
}
_RULES: tuple[Callable[[Scene], Action | None], ...] = (
    _unheard,
    closing.refuse_orders,
    closing.call_people,
    closing.acknowledge_payment,
    identification.answer_shown_contracts,
    _answer,
    identification.identify,
    _start,
    _insist,
    closing.close,
    closing.greet,
)
