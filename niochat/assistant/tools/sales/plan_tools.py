"""Tools that list the provider's plans and register a customer's interest."""

from hashlib import sha256
from typing import Annotated

from pydantic import Field

from niochat.assistant.conversation_facts import CustomerIntent, ListedPlan
from niochat.assistant.handoff.handoff_messages import format_handoff_notice, format_handoff_summary
from niochat.assistant.text.formatting import format_brl
from niochat.assistant.tools.consent.topic_mentions import mentions_plans
from niochat.assistant.tools.tool_definition import (
    ArgumentText,
    AssistantTool,
    NoArguments,
    ToolArguments,
)
from niochat.assistant.turn_context import (
    Department,
    ToolResult,
    TurnContext,
    tool_refusal,
    tool_success,
)
from niochat.domain.tax_id import find_tax_ids, parse_tax_id
from niochat.domain.tenant.change_requests import (
    ChangeRequestKind,
    ChangeRequestRoute,
    ChangeRequestRule,
)
from niochat.ports.erp import (
    ErpCapability,
    ErpWriteResult,
    ErpWriteStatus,
    ListServicePlans,
    RegisterLead,
)

MAX_LISTED_PLANS = 10


class RegisterInterestArguments(ToolArguments):
    """``plano``: the number in the list that was shown. ``vencimento``: a day of the month."""

    plano: Annotated[int, Field(description="Número da lista mostrada.")]
    nome: ArgumentText
    cpf_cnpj: ArgumentText
    endereco: ArgumentText
    vencimento: Annotated[int | None, Field(ge=1, le=31, description="Dia do mês.")] = None


async def list_plans(context: TurnContext, _: NoArguments) -> ToolResult:
    """List the plans with the ERP's names and prices."""
    plans = (await context.read_erp(ListServicePlans()))[:MAX_LISTED_PLANS]
    context.update_facts(plans=tuple(ListedPlan(plan.id, plan.name) for plan in plans))
    if not plans:
        return tool_success(planos=[], orientacao="Diga que a equipe informa os planos; transfira.")
    rows = [
        (number, plan.name, format_brl(plan.price)) for number, plan in enumerate(plans, start=1)
    ]
    return tool_success(
        planos=[{"opcao": number, "nome": name, "preco": price} for number, name, price in rows],
        apresentar="\n".join(f"{number} - {name}: {price} por mês" for number, name, price in rows),
        orientacao="Mostre os planos como estão; não invente preços nem velocidades.",
    )


async def register_interest(
    context: TurnContext, arguments: RegisterInterestArguments
) -> ToolResult:
    """Register the lead in the ERP, if it accepts leads, and hand the conversation to sales."""
    if not mentions_plans(context.snapshot.customer_texts):
        return tool_refusal("nao_pedido", "O cliente não pediu um plano: não registre nada.")
    plans = context.facts.plans
    if not 1 <= arguments.plano <= len(plans):
        return tool_refusal("plano_invalido", "Mostre os planos com listar_planos e peça o número.")
    document = parse_tax_id(arguments.cpf_cnpj)
    if document is None:
        return tool_refusal("documento_invalido", "Peça para conferir o CPF ou CNPJ.")
    if document not in find_tax_ids("\n".join(context.snapshot.customer_texts)):
        return tool_refusal("documento_nao_informado", "Peça o CPF ou CNPJ ao cliente.")
    if _is_subscriber_document(context, document):
        return tool_refusal(
            "ja_assinante",
            "O cliente já é assinante: para mudar o plano do contrato use "
            "registrar_solicitacao (plano, com este número em novo); outro ponto, ponto_adicional.",
        )
    plan = plans[arguments.plano - 1]
    context.update_facts(wish=CustomerIntent.PLANS)
    result = await _register_lead(context, arguments, document, plan)
    return _hand_off_to_sales(context, arguments, plan, result)


def _is_subscriber_document(context: TurnContext, document: str) -> bool:
    """Whether the tax id is that of the confirmed contract's holder: the customer wrote no other
    one.
    """
    written = find_tax_ids("\n".join(context.snapshot.customer_texts))
    change_enabled = (
        context.change_request_rules.get(ChangeRequestKind.PLAN, ChangeRequestRule()).how
        is not ChangeRequestRoute.OFF
    )
    return (
        change_enabled
        and context.facts.trusted
        and bool(context.facts.contract)
        and set(written) == {document}
    )


async def _register_lead(
    context: TurnContext, arguments: RegisterInterestArguments, document: str, plan: ListedPlan
) -> ErpWriteResult | None:
    if ErpCapability.LEADS not in context.capabilities:
        return None
    conversation = context.snapshot.request.conversation_id
    reference = f"NC-{sha256(f'{conversation}:lead'.encode()).hexdigest()[:12]}"
    lead = RegisterLead(
        plan.id,
        arguments.nome,
        document,
        context.snapshot.phone,
        arguments.endereco,
        arguments.vencimento,
        reference,
    )
    return await context.write_erp(f"lead:{plan.id}:{conversation}", lead)


def _hand_off_to_sales(
    context: TurnContext,
    arguments: RegisterInterestArguments,
    plan: ListedPlan,
    result: ErpWriteResult | None,
) -> ToolResult:
    """Hand off to sales in any case, with all data needed to continue manually."""
    registered = result is not None and result.status is ErpWriteStatus.DONE
    registration = "registrado no sistema" if registered else "NÃO confirmado no sistema: conferir"
    due = f", vencimento dia {arguments.vencimento}" if arguments.vencimento else ""
    lead = f"Nome: {arguments.nome}. Endereço: {arguments.endereco}."
    head = f"Interesse no plano {plan.name}{due}, {registration}. {lead}"
    context.hand_off(Department.SALES, "plan_wanted", format_handoff_summary(context, head))
    assert context.handoff is not None
    notice = f"Anotei seu interesse no plano {plan.name}."
    context.final_text = format_handoff_notice(context, context.handoff.team, notice)
    return tool_success(orientacao="A equipe de vendas continua o atendimento.")


LIST_PLANS = AssistantTool(
    "listar_planos",
    "Lista os planos que o provedor vende, com nome e preço.",
    NoArguments,
    list_plans,
    required_capabilities=frozenset({ErpCapability.PLANS}),
    is_repeatable=True,
    department=Department.SALES,
)
REGISTER_INTEREST = AssistantTool(
    "registrar_interesse",
    "Registra o interesse em um plano da lista mostrada, com os dados que o cliente escreveu.",
    RegisterInterestArguments,
    register_interest,
    required_capabilities=frozenset({ErpCapability.PLANS}),
    has_side_effects=True,
    department=Department.SALES,
)
