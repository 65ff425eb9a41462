"""What the provider sells, and who wants it."""

from hashlib import sha256
from typing import Annotated

from pydantic import Field

from niochat.assistant.case import Case, Result, Sector, done, refused
from niochat.assistant.facts import ShownPlan, Wish
from niochat.assistant.handover import announcement, summary
from niochat.assistant.tools.asked import spoke_of_plans
from niochat.assistant.tools.tool import Arguments, Nothing, Tool, Words
from niochat.assistant.wording import brl
from niochat.domain.document import find_tax_ids, parse_tax_id
from niochat.domain.erp import (
    ErpCapability,
    ErpWriteResult,
    ErpWriteStatus,
    ListServicePlans,
    RegisterLead,
)
from niochat.domain.requests import ChangeRequestKind, ChangeRequestRoute, ChangeRequestRule

SHOWN = 10


class Interest(Arguments):
    """``plano`` is the number in the list that was shown; ``vencimento`` a day of the month."""

    plano: Annotated[int, Field(description="Número da lista mostrada.")]
    nome: Words
    cpf_cnpj: Words
    endereco: Words
    vencimento: Annotated[int | None, Field(ge=1, le=31, description="Dia do mês.")] = None


async def list_plans(case: Case, _: Nothing) -> Result:
    """The plans as the ERP names and prices them, word by word."""
    plans = (await case.read(ListServicePlans()))[:SHOWN]
    case.learn(plans=tuple(ShownPlan(plan.id, plan.name) for plan in plans))
    if not plans:
        return done(planos=[], orientacao="Diga que a equipe informa os planos; transfira.")
    rows = [(number, plan.name, brl(plan.price)) for number, plan in enumerate(plans, start=1)]
    return done(
        planos=[{"opcao": number, "nome": name, "preco": price} for number, name, price in rows],
        apresentar="\n".join(f"{number} - {name}: {price} por mês" for number, name, price in rows),
        orientacao="Mostre os planos como estão; não invente preços nem velocidades.",
    )


async def register_interest(case: Case, wanted: Interest) -> Result:
    """Somebody wants a plan: the lead goes into the ERP where it takes leads, and to sales."""
    if not spoke_of_plans(case.visit.customer_texts):
        return refused("nao_pedido", "O cliente não pediu um plano: não registre nada.")
    plans = case.facts.plans
    if not 1 <= wanted.plano <= len(plans):
        return refused("plano_invalido", "Mostre os planos com listar_planos e peça o número.")
    document = parse_tax_id(wanted.cpf_cnpj)
    if document is None:
        return refused("documento_invalido", "Peça para conferir o CPF ou CNPJ.")
    if document not in find_tax_ids("\n".join(case.visit.customer_texts)):
        return refused("documento_nao_informado", "Peça o CPF ou CNPJ ao cliente.")
    if _is_subscribers(case, document):
        return refused(
            "ja_assinante", "O cliente já é assinante: para mudar o plano do contrato use "
            "registrar_solicitacao (plano, com este número em novo); outro ponto, ponto_adicional.",
        )  # fmt: skip
    plan = plans[wanted.plano - 1]
    case.learn(wish=Wish.PLANS)
    result = await _register(case, wanted, document, plan)
    return _handed_over(case, wanted, plan, result)


def _is_subscribers(case: Case, document: str) -> bool:
    """Whether it can only be that of whoever has the confirmed contract: no other was written."""
    written = find_tax_ids("\n".join(case.visit.customer_texts))
    takes = (
        case.requests.get(ChangeRequestKind.PLAN, ChangeRequestRule()).how
        is not ChangeRequestRoute.OFF
    )
    return takes and case.facts.trusted and bool(case.facts.contract) and set(written) == {document}


async def _register(
    case: Case, wanted: Interest, document: str, plan: ShownPlan
) -> ErpWriteResult | None:
    if ErpCapability.LEADS not in case.capabilities:
        return None
    conversation = case.visit.request.conversation_id
    reference = f"NC-{sha256(f'{conversation}:lead'.encode()).hexdigest()[:12]}"
    lead = RegisterLead(
        plan.id, wanted.nome, document, case.visit.phone, wanted.endereco, wanted.vencimento,
        reference,
    )  # fmt: skip
    return await case.write(f"lead:{plan.id}:{conversation}", lead)


def _handed_over(
    case: Case, wanted: Interest, plan: ShownPlan, result: ErpWriteResult | None
) -> Result:
    """Sales have it in any case, with all that is needed to go on by hand."""
    registered = result is not None and result.status is ErpWriteStatus.DONE
    where = "registrado no sistema" if registered else "NÃO confirmado no sistema: conferir"
    due = f", vencimento dia {wanted.vencimento}" if wanted.vencimento else ""
    who = f"Nome: {wanted.nome}. Endereço: {wanted.endereco}."
    head = f"Interesse no plano {plan.name}{due}, {where}. {who}"
    case.hand_over(Sector.SALES, "plan_wanted", summary(case, head))
    assert case.handoff is not None
    said = f"Anotei seu interesse no plano {plan.name}."
    case.final = announcement(case, case.handoff.team, said)
    return done(orientacao="A equipe de vendas continua o atendimento.")


LIST_PLANS = Tool(
    "listar_planos",
    "Lista os planos que o provedor vende, com nome e preço.",
    Nothing,
    list_plans,
    needs=frozenset({ErpCapability.PLANS}),
    repeatable=True,
    sector=Sector.SALES,
)
REGISTER_INTEREST = Tool(
    "registrar_interesse",
    "Registra o interesse em um plano da lista mostrada, com os dados que o cliente escreveu.",
    Interest,
    register_interest,
    needs=frozenset({ErpCapability.PLANS}),
    acts=True,
    sector=Sector.SALES,
)
