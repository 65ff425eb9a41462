"""Tools that identify the customer: a tax id finds the subscriber, then the customer confirms the
contract.
"""

from typing import Annotated, Any

from pydantic import Field

from niochat.assistant import customer_recognition
from niochat.assistant.conversation_facts import CustomerIntent
from niochat.assistant.text.formatting import CONTRACT_STATUS_TEXTS, format_contract, mask_name
from niochat.assistant.tools.billing.invoice_rows import PaymentMethod
from niochat.assistant.tools.billing.invoice_tools import (
    SEND_INVOICE,
    SendInvoiceArguments,
    list_invoices,
)
from niochat.assistant.tools.consent.contract_choice import (
    can_mean_contract,
    is_confirmation,
    is_corrected_later,
)
from niochat.assistant.tools.consent.customer_quotes import find_quote
from niochat.assistant.tools.tool_definition import (
    ArgumentQuote,
    ArgumentText,
    AssistantTool,
    NoArguments,
    ToolArguments,
)
from niochat.assistant.turn_context import ToolResult, TurnContext, tool_refusal, tool_success
from niochat.domain.phone import is_same_number
from niochat.domain.tax_id import find_tax_ids, parse_tax_id
from niochat.ports.erp import (
    Contract,
    ErpCapability,
    ErpError,
    ErpRefusedError,
    FindSubscriber,
    Subscriber,
)

MAX_LOOKUPS = 4
"""The number of tax ids looked up in one conversation, so that nobody can try a list of them."""
_NEXT_STEP_GUIDANCE = {
    CustomerIntent.INVOICE: "as faturas estão aqui; envie com enviar_fatura ou pergunte PIX ou "
    "boleto",
    CustomerIntent.NO_INTERNET: "use verificar_conexao",
    CustomerIntent.SLOW: "use verificar_conexao",
    CustomerIntent.UNLOCK: "se o cliente pediu, use desbloqueio_confianca",
    CustomerIntent.TICKET: "use consultar_chamados antes de abrir outro",
    CustomerIntent.PLANS: "use listar_planos, se ainda não usou",
    CustomerIntent.OTHER: "faça o que ele pediu; se não pediu nada, pergunte como pode ajudar",
}


class IdentifyArguments(ToolArguments):
    """``desejo``: what the customer wanted before the tax id was asked for."""

    cpf_cnpj: ArgumentText
    desejo: Annotated[CustomerIntent | None, Field(description="o que o cliente quer")] = None


class ChooseContractArguments(ToolArguments):
    """``opcao``: the number in the list that was shown. ``palavras``: the words that select it.

    ``forma``: the payment form, if the customer named one; the invoice is then sent at once.
    """

    opcao: Annotated[int, Field(description="número na lista; 1 se só há um")]
    palavras: ArgumentQuote
    forma: Annotated[
        PaymentMethod | None,
        Field(description="se ele quer a fatura e já disse como: ela sai junto"),
    ] = None


async def identify_customer(context: TurnContext, arguments: IdentifyArguments) -> ToolResult:
    """Find the subscriber of a tax id that the customer wrote."""
    if arguments.desejo is not None:
        waiting = tuple(each for each in context.facts.waiting if each.wish != arguments.desejo)
        context.update_facts(wish=arguments.desejo, waiting=waiting)
    document = parse_tax_id(arguments.cpf_cnpj)
    if document is None:
        return tool_refusal(
            "documento_invalido",
            "Diga que o número não é um CPF ou CNPJ válido e peça para conferir e enviar de novo. "
            "Um telefone não serve.",
        )
    if document not in find_tax_ids("\n".join(context.snapshot.customer_texts)):
        return tool_refusal(
            "documento_nao_informado",
            "Peça o CPF ou CNPJ do titular; nunca use um que o cliente não escreveu.",
        )
    if context.facts.lookups >= MAX_LOOKUPS:
        return tool_refusal("limite_de_consultas", "Não consulte mais documentos: transfira.")
    found = await context.read_erp(FindSubscriber(document))
    context.update_facts(lookups=context.facts.lookups + 1)
    if found is None or not found.contracts:
        return _refuse_not_found(context)
    result = _present_contracts(context, found)
    if result["ok"]:
        await context.save_document(document)
    return result


def _refuse_not_found(context: TurnContext) -> ToolResult:
    context.update_facts(not_found=context.facts.not_found + 1)
    tries = context.facts.not_found
    guidance = (
        "Peça desculpas, diga que não encontrou o cadastro e peça para conferir o número uma vez."
        if tries == 1
        else "Não peça de novo: ofereça conhecer os planos ou falar com a equipe."
    )
    return tool_refusal("nao_encontrado", guidance, tentativas=tries)


def _present_contracts(context: TurnContext, subscriber: Subscriber) -> ToolResult:
    active = tuple(c for c in subscriber.contracts if not c.status.ended)
    if not active:
        return tool_refusal(
            "sem_contrato_ativo",
            "Diga que não há contrato ativo nesse cadastro e ofereça os planos ou a equipe.",
        )
    phone = context.snapshot.phone
    trusted = context.snapshot.phone_is_exclusive and is_same_number(phone, subscriber.phones)
    context.update_facts(
        name=subscriber.name,
        trusted=trusted,
        phone=phone,
        contracts=active,
        contract="",
        invoices=(),
        sent=(),
        ticket="",
        unlocked="",
        shown_in=str(context.snapshot.request.turn_id),
        held=False,
        recognised=False,
        confirmed=False,
        earlier=None,
    )
    name = subscriber.name if trusted else mask_name(subscriber.name)
    lines = "\n\n".join(
        format_contract(n, c, with_address=trusted) for n, c in enumerate(active, start=1)
    )
    question = (
        "Essas informações estão corretas?"
        if len(active) == 1
        else "Qual é o contrato? Responda com o número."
    )
    # The server's own text is final, so that a model cannot change a word of it.
    head = f"*{name}*, encontrei seu cadastro" if trusted else f"Encontrei o cadastro de {name}"
    context.final_text = f"{head}:\n\n{lines}\n\n{question}"
    return tool_success(
        cliente=name,
        terceiro=not trusted,
        contratos=describe_contracts(active, with_address=trusted),
        apresentar=context.final_text,
        orientacao="Se o texto de apresentar ainda não foi mostrado, mostre-o como está. Espere a "
        "resposta do cliente.",
    )


async def choose_contract(context: TurnContext, arguments: ChooseContractArguments) -> ToolResult:
    """Select the contract that the customer confirmed or chose."""
    facts = context.facts
    if not facts.is_identified:
        return refuse_unidentified()
    # An earlier list may have shown other contracts: this one must have been shown and answered.
    if not context.snapshot.contracts_seen or facts.shown_in == str(
        context.snapshot.request.turn_id
    ):
        return tool_refusal(
            "aguarde_resposta", "Mostre os contratos e espere a resposta do cliente."
        )
    if not 1 <= arguments.opcao <= len(facts.contracts):
        return tool_refusal("opcao_invalida", f"Peça um número de 1 a {len(facts.contracts)}.")
    refusal = _check_choice(context, arguments)
    if refusal is not None:
        return refusal
    chosen = facts.contracts[arguments.opcao - 1]
    unasked = customer_recognition.require_contract_question(context, chosen)
    if unasked is not None:
        return unasked
    context.update_facts(contract=chosen.id, confirmed=True)
    await context.remember_contract(chosen.id)
    if facts.wish is None and facts.waiting:
        context.update_facts(wish=facts.waiting[0].wish, waiting=facts.waiting[1:])
    wish = context.facts.wish or CustomerIntent.OTHER
    needs_invoices = wish is CustomerIntent.INVOICE or arguments.forma or chosen.status.blocked
    invoices = await _list_invoices(context) if needs_invoices else {}
    return tool_success(
        contrato=describe_contract(arguments.opcao, chosen, with_address=facts.trusted),
        desejo=context.facts.wish,
        orientacao=_format_guidance(context, chosen, wish),
        **invoices,
    )


def _format_guidance(context: TurnContext, chosen: Contract, wish: CustomerIntent) -> str:
    if not context.facts.trusted:
        return "Não é o titular: só a segunda via da fatura; o resto, só o titular pede."
    if chosen.status.blocked and wish is not CustomerIntent.INVOICE:
        return (
            "Contrato bloqueado por fatura pendente: explique e ofereça pagar, por PIX ou "
            "boleto, ou o desbloqueio em confiança."
        )
    if wish is CustomerIntent.INVOICE and not context.facts.invoices:
        return "Diga que não há faturas em aberto neste contrato."
    return f"Não confirme de novo; continue com o pedido: {_NEXT_STEP_GUIDANCE[wish]}."


def _check_choice(context: TurnContext, arguments: ChooseContractArguments) -> ToolResult | None:
    """Refuse the choice unless the customer's words, written after the list, select
    this contract.
    """
    contracts = context.facts.contracts
    quote = find_quote(context.snapshot.unanswered_statements, arguments.palavras)
    if quote is None:
        return tool_refusal(
            "palavras_nao_encontradas",
            "O cliente não escreveu isso depois da pergunta. Copie as palavras dele como estão, "
            "ou pergunte de novo.",
        )
    if len(contracts) == 1 and not all(map(is_confirmation, (quote.message, *quote.later))):
        return tool_refusal(
            "nao_confirmado",
            "O cliente não confirmou: peça o CPF ou CNPJ certo, ou ofereça a equipe.",
        )
    several, option = len(contracts) > 1, arguments.opcao
    if several and (
        is_corrected_later(quote.later, option, contracts)
        or not can_mean_contract(arguments.palavras, quote.message, option, contracts)
    ):
        return tool_refusal(
            "nao_confirmado", "As palavras do cliente não dizem que é este: pergunte o número."
        )
    return None


def _invoice_follow_up(
    context: TurnContext, arguments: ChooseContractArguments
) -> tuple[AssistantTool, ToolArguments] | None:
    """Send the invoice at once, unless several are open: then the customer must choose."""
    if arguments.forma is None or len(context.facts.invoices) != 1:
        return None
    return SEND_INVOICE, SendInvoiceArguments(forma=arguments.forma)


async def _list_invoices(context: TurnContext) -> ToolResult:
    """List the invoices together with the contract, which saves a request to the model.

    Empty if the ERP fails; the model then calls the invoice tool, which reports the failure.
    """
    if ErpCapability.INVOICES not in context.capabilities:
        return {}
    try:
        listed = await list_invoices(context, NoArguments())
    except (ErpError, ErpRefusedError):
        return {}
    return {key: value for key, value in listed.items() if key not in ("ok", "orientacao")}


def describe_contracts(
    contracts: tuple[Contract, ...], *, with_address: bool
) -> list[dict[str, Any]]:
    """Describe the contracts as the model may see them."""
    return [
        describe_contract(option, contract, with_address=with_address)
        for option, contract in enumerate(contracts, start=1)
    ]


def describe_contract(option: int, contract: Contract, *, with_address: bool) -> dict[str, Any]:
    """Describe one contract as the model may see it."""
    shown = {
        "opcao": option,
        "contrato": contract.id,
        "situacao": CONTRACT_STATUS_TEXTS[contract.status],
        "bloqueado": contract.status.blocked,
        "plano": contract.plan,
    }
    return {**shown, "endereco": contract.address} if with_address else shown


def refuse_unidentified() -> ToolResult:
    """Refuse a tool that needs a contract before the holder's tax id is known."""
    return tool_refusal("nao_identificado", "Peça o CPF ou CNPJ do titular do contrato.")


IDENTIFY = AssistantTool(
    "identificar_cliente",
    "Localiza o cadastro pelo CPF ou CNPJ que o cliente escreveu e o mostra para confirmar.",
    IdentifyArguments,
    identify_customer,
    is_repeatable=True,
)
CHOOSE_CONTRACT = AssistantTool(
    "escolher_contrato",
    "Registra o contrato que o cliente confirmou ou escolheu.",
    ChooseContractArguments,
    choose_contract,
    is_repeatable=True,
    follow_up=_invoice_follow_up,
)
