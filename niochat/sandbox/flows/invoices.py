"""Second copies: the list, the choice of PIX or boleto, the sending."""

import re

from niochat.sandbox.flows.actions import Action, Say, Tool
from niochat.sandbox.flows.offers import let_go_or_ask_again, shown, use
from niochat.sandbox.flows.questions import Question
from niochat.sandbox.flows.scene import Scene
from niochat.sandbox.flows.words import Form, Intent, form_in, newest_form, number_in, plain
from niochat.sandbox.rim import Body

NONE_OPEN = "Não há faturas em aberto neste contrato. Posso ajudar com mais alguma coisa?"
ASK_FORM = "Prefere PIX ou boleto?"

_CHOSEN = re.compile(r"fatura (\d+): prefere pix")
_FOLLOWING = {
    Form.PIX: "O código PIX vai sozinho na próxima mensagem.",
    Form.SLIP: "O boleto vai na próxima mensagem.",
    Form.BOTH: "O código PIX e o boleto vão nas próximas mensagens.",
}


def start(scene: Scene) -> Action:
    """Sends at once when the form is named and the wish is known; otherwise lists."""
    form = form_in(scene.said)
    known = scene.situation.get("contrato") and scene.situation.get("desejo") == Intent.INVOICE
    if form and known:
        return use(scene, Tool.SEND_INVOICE, forma=form)
    return use(scene, Tool.LIST_INVOICES)


def offer(scene: Scene, data: Body) -> Action:
    """What the list says; a form said since the wish is not asked for again."""
    if not data.get("faturas"):
        return Say(NONE_OPEN)
    if form := newest_form(scene.since(Intent.INVOICE)):
        return use(scene, Tool.SEND_INVOICE, forma=form)
    listed = shown(data, "\n".join(_line(each) for each in data["faturas"]))
    return Say(f"{listed}\n\n{ASK_FORM}")


def answer_form(scene: Scene, question: Question) -> Action:
    """The answer to "PIX ou boleto?", with the number of an invoice where one is named."""
    form, number = form_in(scene.said), _number(scene)
    if form:
        return use(scene, Tool.SEND_INVOICE, fatura=number, forma=form)
    if number is not None:
        return Say(f"Fatura {number}: prefere PIX ou boleto?")
    return let_go_or_ask_again(scene, question)


def sent(_scene: Scene, data: Body) -> Action:
    """Value and due date; never the code, which the system sends by itself."""
    forms = [Form(form) for form in data.get("enviado") or () if form in set(Form)]
    form = Form.BOTH if len(forms) > 1 else next(iter(forms), None)
    about = f"Segue sua fatura de {data.get('valor')} com vencimento em {data.get('vencimento')}."
    return Say(f"{about} {_FOLLOWING[form]}" if form else about)


def _number(scene: Scene) -> int | None:
    before = _CHOSEN.search(plain(scene.asked))
    return number_in(scene.said) or (int(before[1]) if before else None)


def _line(invoice: Body) -> str:
    number, due = invoice.get("fatura"), invoice.get("vencimento")
    return f"{number} - {invoice.get('valor')}, vencimento em {due} ({invoice.get('situacao')})"
