"""Who is writing: a document finds the subscriber, the customer confirms the contract."""

from typing import Annotated, Any

from pydantic import Field

from niochat.assistant import memory
from niochat.assistant.case import Case, Result, done, refused
from niochat.assistant.choices import confirms, corrected, means
from niochat.assistant.evidence import quote_in
from niochat.assistant.facts import Wish
from niochat.assistant.tools.bills import Form
from niochat.assistant.tools.invoices import SEND_INVOICE, Send, list_invoices
from niochat.assistant.tools.tool import Arguments, Nothing, Quote, Tool, Words
from niochat.assistant.wording import STATUS, contract_line, masked
from niochat.domain.document import find_tax_ids, parse_tax_id
from niochat.domain.erp import (
    Contract,
    ErpCapability,
    ErpError,
    ErpRefusedError,
    FindSubscriber,
    Subscriber,
)
from niochat.domain.phone import is_same_number

MAX_LOOKUPS = 4
"""Documents that may be asked for in one visit: nobody gets to try a list of them."""
_NEXT = {
    Wish.INVOICE: "as faturas estão aqui; envie com enviar_fatura ou pergunte PIX ou boleto",
    Wish.NO_INTERNET: "use verificar_conexao",
    Wish.SLOW: "use verificar_conexao",
    Wish.UNLOCK: "se o cliente pediu, use desbloqueio_confianca",
    Wish.TICKET: "use consultar_chamados antes de abrir outro",
    Wish.PLANS: "use listar_planos, se ainda não usou",
    Wish.OTHER: "faça o que ele pediu; se não pediu nada, pergunte como pode ajudar",
}


class Identify(Arguments):
    """``desejo`` is what the customer wanted before being asked for the document."""

    cpf_cnpj: Words
    desejo: Annotated[Wish | None, Field(description="o que o cliente quer")] = None


class Choose(Arguments):
    """``opcao`` is the number in the list that was shown; ``palavras`` say that it is meant;
    ``forma``: how the invoice is wanted, which then leaves at once.
    """

    opcao: Annotated[int, Field(description="número na lista; 1 se só há um")]
    palavras: Quote
    forma: Annotated[
        Form | None, Field(description="se ele quer a fatura e já disse como: ela sai junto")
    ] = None


async def identify(case: Case, wanted: Identify) -> Result:
    """Find the subscriber of a document that the customer has written."""
    if wanted.desejo is not None:
        waiting = tuple(each for each in case.facts.waiting if each.wish != wanted.desejo)
        case.learn(wish=wanted.desejo, waiting=waiting)
    document = parse_tax_id(wanted.cpf_cnpj)
    if document is None:
        return refused(
            "documento_invalido",
            "Diga que o número não é um CPF ou CNPJ válido e peça para conferir e enviar de novo. "
            "Um telefone não serve.",
        )
    if document not in find_tax_ids("\n".join(case.visit.customer_texts)):
        return refused(
            "documento_nao_informado", "Peça o CPF ou CNPJ do titular; nunca use um que o cliente "
            "não escreveu.",
        )  # fmt: skip
    if case.facts.lookups >= MAX_LOOKUPS:
        return refused("limite_de_consultas", "Não consulte mais documentos: transfira.")
    found = await case.read(FindSubscriber(document))
    case.learn(lookups=case.facts.lookups + 1)
    if found is None or not found.contracts:
        return _nobody(case)
    shown = _present(case, found)
    if shown["ok"]:
        await case.hold(document)
    return shown


def _nobody(case: Case) -> Result:
    case.learn(not_found=case.facts.not_found + 1)
    tries = case.facts.not_found
    guidance = (
        "Peça desculpas, diga que não encontrou o cadastro e peça para conferir o número uma vez."
        if tries == 1
        else "Não peça de novo: ofereça conhecer os planos ou falar com a equipe."
    )
    return refused("nao_encontrado", guidance, tentativas=tries)


def _present(case: Case, found: Subscriber) -> Result:
    living = tuple(c for c in found.contracts if not c.status.ended)
    if not living:
        return refused(
            "sem_contrato_ativo",
            "Diga que não há contrato ativo nesse cadastro e ofereça os planos ou a equipe.",
        )
    phone = case.visit.phone
    trusted = case.visit.phone_proves and is_same_number(phone, found.phones)
    case.learn(
        name=found.name, trusted=trusted, phone=phone, contracts=living, contract="",
        invoices=(), sent=(), ticket="", unlocked="", shown_in=str(case.visit.request.turn_id),
        held=False, recognised=False, confirmed=False, earlier=None,
    )  # fmt: skip
    name = found.name if trusted else masked(found.name)
    lines = "\n\n".join(
        contract_line(n, c, with_address=trusted) for n, c in enumerate(living, start=1)
    )
    question = (
        "Essas informações estão corretas?"
        if len(living) == 1
        else "Qual é o contrato? Responda com o número."
    )
    # Shown as it is, by the server: no model could say it better, or change a word of it.
    head = f"*{name}*, encontrei seu cadastro" if trusted else f"Encontrei o cadastro de {name}"
    case.final = f"{head}:\n\n{lines}\n\n{question}"
    return done(
        cliente=name,
        terceiro=not trusted,
        contratos=listed(living, with_address=trusted),
        apresentar=case.final,
        orientacao="Se o texto de apresentar ainda não foi mostrado, mostre-o como está. Espere a "
        "resposta do cliente.",
    )


async def choose(case: Case, wanted: Choose) -> Result:
    """Take the contract that the customer confirmed or chose."""
    facts = case.facts
    if not facts.identified:
        return not_identified()
    # Others may have been shown before: these must have been, and answered since.
    if not case.visit.shown or facts.shown_in == str(case.visit.request.turn_id):
        return refused("aguarde_resposta", "Mostre os contratos e espere a resposta do cliente.")
    if not 1 <= wanted.opcao <= len(facts.contracts):
        return refused("opcao_invalida", f"Peça um número de 1 a {len(facts.contracts)}.")
    unsaid = _unsaid(case, wanted)
    if unsaid is not None:
        return unsaid
    chosen = facts.contracts[wanted.opcao - 1]
    not_asked = memory.asks_first(case, chosen)
    if not_asked is not None:
        return not_asked
    case.learn(contract=chosen.id, confirmed=True)
    await case.remember(chosen.id)
    if facts.wish is None and facts.waiting:
        case.learn(wish=facts.waiting[0].wish, waiting=facts.waiting[1:])
    wish = case.facts.wish or Wish.OTHER
    owed = wish is Wish.INVOICE or wanted.forma or chosen.status.blocked
    invoices = await _invoices(case) if owed else {}
    return done(
        contrato=described(wanted.opcao, chosen, with_address=facts.trusted),
        desejo=case.facts.wish,
        orientacao=_guidance(case, chosen, wish),
        **invoices,
    )


def _guidance(case: Case, chosen: Contract, wish: Wish) -> str:
    if not case.facts.trusted:
        return "Não é o titular: só a segunda via da fatura; o resto, só o titular pede."
    if chosen.status.blocked and wish is not Wish.INVOICE:
        return (
            "Contrato bloqueado por fatura pendente: explique e ofereça pagar, por PIX ou "
            "boleto, ou o desbloqueio em confiança."
        )
    if wish is Wish.INVOICE and not case.facts.invoices:
        return "Diga que não há faturas em aberto neste contrato."
    return f"Não confirme de novo; continue com o pedido: {_NEXT[wish]}."


def _unsaid(case: Case, wanted: Choose) -> Result | None:
    """Why the customer's words, since the contracts were shown, do not choose this one."""
    contracts = case.facts.contracts
    quote = quote_in(case.visit.said_since, wanted.palavras)
    if quote is None:
        return refused(
            "palavras_nao_encontradas",
            "O cliente não escreveu isso depois da pergunta. Copie as palavras dele como estão, "
            "ou pergunte de novo.",
        )
    if len(contracts) == 1 and not all(map(confirms, (quote.message, *quote.later))):
        return refused(
            "nao_confirmado",
            "O cliente não confirmou: peça o CPF ou CNPJ certo, ou ofereça a equipe.",
        )
    several, option = len(contracts) > 1, wanted.opcao
    if several and (
        corrected(quote.later, option, contracts)
        or not means(wanted.palavras, quote.message, option, contracts)
    ):
        return refused(
            "nao_confirmado", "As palavras do cliente não dizem que é este: pergunte o número."
        )
    return None


def _send(case: Case, wanted: Choose) -> tuple[Tool, Arguments] | None:
    """Only where it is clear which one: of several the customer is asked."""
    if wanted.forma is None or len(case.facts.invoices) != 1:
        return None
    return SEND_INVOICE, Send(forma=wanted.forma)


async def _invoices(case: Case) -> Result:
    """What the customer came for, at once: it saves a question to the model. Not without an ERP
    that answers: then its own tool says so.
    """
    if ErpCapability.INVOICES not in case.capabilities:
        return {}
    try:
        listed_ = await list_invoices(case, Nothing())
    except (ErpError, ErpRefusedError):
        return {}
    return {key: value for key, value in listed_.items() if key not in ("ok", "orientacao")}


def listed(contracts: tuple[Contract, ...], *, with_address: bool) -> list[dict[str, Any]]:
    """The contracts as the model may see them."""
    return [
        described(option, contract, with_address=with_address)
        for option, contract in enumerate(contracts, start=1)
    ]


def described(option: int, contract: Contract, *, with_address: bool) -> dict[str, Any]:
    """One contract as the model may see it."""
    shown = {
        "opcao": option,
        "contrato": contract.id,
        "situacao": STATUS[contract.status],
        "bloqueado": contract.status.blocked,
        "plano": contract.plan,
    }
    return {**shown, "endereco": contract.address} if with_address else shown


def not_identified() -> Result:
    """Nothing of a contract before its holder's document."""
    return refused("nao_identificado", "Peça o CPF ou CNPJ do titular do contrato.")


IDENTIFY = Tool(
    "identificar_cliente",
    "Localiza o cadastro pelo CPF ou CNPJ que o cliente escreveu e o mostra para confirmar.",
    Identify,
    identify,
    repeatable=True,
)
CHOOSE = Tool(
    "escolher_contrato",
    "Registra o contrato que o cliente confirmou ou escolheu.",
    Choose,
    choose,
    repeatable=True,
    then=_send,
)
