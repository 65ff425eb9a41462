"""Greetings, thanks, receipts, people, orders hidden in texts, and what nobody understood."""

import re

from niochat.sandbox.flows.actions import Action, Say, Tool, call
from niochat.sandbox.flows.offers import hand_over, shown
from niochat.sandbox.flows.people import motive_of
from niochat.sandbox.flows.questions import Question
from niochat.sandbox.flows.scene import Scene
from niochat.sandbox.flows.words import (
    Intent,
    gives_orders,
    greets,
    intent_of,
    is_unsolved,
    last_line,
    says_no,
    shows_picture,
    tells_of_payment,
    thanks,
)
from niochat.sandbox.rim import Body

PRESENTATION = "Olá! Como posso ajudar?"
HARMLESS = "Posso ajudar com faturas, conexão e planos."
FAREWELL = "Eu que agradeço! Se precisar, é só chamar. Até logo!"
RECEIPT = (
    "Obrigado por avisar! A baixa é automática: no PIX leva alguns minutos; "
    "no boleto, até 3 dias úteis."
)
RECEIPT_WHILE_BLOCKED = f"{RECEIPT} Se precisar antes disso, peça o desbloqueio em confiança."

_DIAGNOSES = (Question.LOS, Question.BACK, Question.CABLE, Question.BETTER)
_ASKING = re.compile(r"\s*[^.!?]*\?")


def refuse_orders(scene: Scene) -> Action | None:
    """Instructions in a customer's text are data: no tool, no prompt, the usual offer."""
    return Say(HARMLESS) if gives_orders(scene.said) else None


def acknowledge_payment(scene: Scene) -> Action | None:
    """Thanks for a receipt; never says that a payment is confirmed.

    A picture may show the modem's light, and who paid may have another trouble.
    """
    light = scene.question in _DIAGNOSES and shows_picture(scene.said)
    trouble = intent_of(scene.said) in (Intent.OFFLINE, Intent.SLOW) and not scene.blocked
    if light or trouble or not tells_of_payment(scene.said):
        return None
    return Say(RECEIPT_WHILE_BLOCKED if scene.blocked else RECEIPT)


def call_people(scene: Scene) -> Action | None:
    """People, when they are wanted; "não resolveu" inside a diagnosis answers that."""
    unsolved = is_unsolved(scene.said) and scene.question not in _DIAGNOSES
    motive = motive_of(scene.said)
    if motive or unsolved:
        why = "O cliente quer falar com a equipe."
        return hand_over(scene, why, motive=motive or "nao_resolvido")
    return None


def transferred(_scene: Scene, data: Body) -> Action:
    """What the system says about the team and when it answers."""
    return Say(shown(data, "A equipe continua o atendimento por aqui."))


def close(scene: Scene) -> Action | None:
    """Closes after thanks, or after a no to "mais alguma coisa?", with nothing pending."""
    done = scene.question is Question.MORE and says_no(scene.said)
    if not (done or thanks(scene.said)):
        return None
    if not scene.offers(Tool.CLOSE):
        return Say(FAREWELL)
    return call(Tool.CLOSE, palavras=last_line(scene.said))


def closed(_scene: Scene, _data: Body) -> Action:
    """The farewell."""
    return Say(FAREWELL)


def greet(scene: Scene) -> Action | None:
    """The persona's greeting, or ours."""
    if not greets(scene.said):
        return None
    greeting = scene.greeting or PRESENTATION
    return Say(greeting if "?" in greeting else f"{greeting} Como posso ajudar?")


def greeted(scene: Scene, action: Action) -> Action:
    """Puts the greeting before a first answer to somebody who greeted, without its question."""
    if not isinstance(action, Say) or not scene.opening or not greets(scene.said):
        return action
    greeting = _ASKING.sub("", scene.greeting or PRESENTATION).strip()
    return Say(f"{greeting} {action.text}".strip())
