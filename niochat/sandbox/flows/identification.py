"""Who the customer is and which contract it is about."""

from niochat.sandbox.flows.actions import Action, Say, Tool
from niochat.sandbox.flows.offers import shown, use
from niochat.sandbox.flows.questions import Question
from niochat.sandbox.flows.scene import Scene
from niochat.sandbox.flows.words import (
    Intent,
    document_in,
    last_line,
    newest_form,
    newest_intent,
    number_in,
    says_no,
    says_yes,
    yes_line,
)
from niochat.sandbox.rim import Body

CONFIRM = "Antes de continuar, me confirme: os dados do contrato estão corretos?"
CHOOSE = "Antes de continuar, me diga o número do contrato da lista, por favor."
WRONG = (
    f"Então me envie {Question.DOCUMENT} correto, por favor. "
    "Se preferir, posso chamar um atendente."
)
INCOMPLETE = f"Não encontrei um documento completo. Envie {Question.DOCUMENT} com todos os números."

_PURPOSES = {
    Intent.INVOICE: "Para ver sua fatura",
    Intent.OFFLINE: "Para verificar sua conexão",
    Intent.SLOW: "Para verificar sua conexão",
    Intent.UNLOCK: "Para ver o desbloqueio em confiança",
    Intent.TICKET: "Para ver seus chamados",
}


def ask(scene: Scene, intent: Intent | None) -> Action:
    """The next step for somebody without a confirmed contract."""
    if scene.awaiting:
        return Say(CHOOSE if scene.awaiting == "escolha" else CONFIRM)
    if not scene.offers(Tool.IDENTIFY):
        return use(scene, Tool.IDENTIFY)
    purpose = _PURPOSES.get(intent, "Para continuar") if intent else "Para continuar"
    return Say(f"{purpose}, me informe {Question.DOCUMENT}, por favor.")


def identify(scene: Scene) -> Action | None:
    """A document was written and no contract is confirmed: who is it?"""
    document = document_in(scene.said)
    if document is None or scene.contract:
        return None
    wish = newest_intent(scene.texts)
    return use(scene, Tool.IDENTIFY, cpf_cnpj=document, desejo=wish)


def answer_shown_contracts(scene: Scene) -> Action | None:
    """The customer answers to the contracts that were shown; None when none wait."""
    if scene.contract or not scene.awaiting:
        return None
    if another := identify(scene):
        return another
    if scene.awaiting == "escolha":
        return _choose(scene)
    if says_no(scene.said):
        return Say(WRONG)
    if says_yes(scene.said):
        form = newest_form(scene.since(Intent.INVOICE)) if scene.wish is Intent.INVOICE else None
        words = yes_line(scene.said)
        return use(scene, Tool.CHOOSE_CONTRACT, opcao=1, palavras=words, forma=form)
    return Say(CONFIRM)


def _choose(scene: Scene) -> Action:
    option = number_in(scene.said)
    if option is not None:
        return use(scene, Tool.CHOOSE_CONTRACT, opcao=option, palavras=last_line(scene.said))
    return Say(WRONG if says_no(scene.said) else CHOOSE)


def present(_scene: Scene, data: Body) -> Action:
    """The contracts found, as the system wants them shown."""
    several = len(data.get("contratos") or ()) > 1
    return Say(shown(data, CHOOSE if several else CONFIRM))
