"""Tool that reports whether an address can be connected; the customer need not be identified."""

import re

from niochat.assistant.text.text_normalization import fold
from niochat.assistant.tools.tool_definition import ArgumentText, AssistantTool, ToolArguments
from niochat.assistant.turn_context import (
    Department,
    ToolResult,
    TurnContext,
    tool_refusal,
    tool_success,
)
from niochat.ports.erp import (
    CheckCoverage,
    ErpCapability,
    ErpError,
    ErpRefusedError,
    ServiceAddress,
)

MAX_PLACES = 5
"""The number of addresses per conversation, so that nobody can map the provider's network."""
_CEP = re.compile(r"\d{5}-?\d{3}")
_MAX_FIELD_CHARS = 120
_SALES_GUIDANCE = (
    "Diga que a equipe de vendas confirma a cobertura, sem prometer, e ofereça transferir."
)


class CheckCoverageArguments(ToolArguments):
    """A CEP, or a complete address."""

    cep: ArgumentText | None = None
    rua: ArgumentText | None = None
    numero: ArgumentText | None = None
    bairro: ArgumentText | None = None
    cidade: ArgumentText | None = None


async def check_coverage(context: TurnContext, arguments: CheckCoverageArguments) -> ToolResult:
    """Report the coverage as yes, no or unknown."""
    place = _parse_place(context, arguments)
    if isinstance(place, dict):
        return place
    if context.facts.places >= MAX_PLACES:
        return tool_refusal(
            "limite_de_consultas", f"Não consulte mais endereços. {_SALES_GUIDANCE}"
        )
    context.update_facts(places=context.facts.places + 1)
    covered = await _check_with_erp(context, place)
    source = "sistema"
    if covered is None:
        covered, source = context.provider_facts.coverage.covers_address(place), "lista do provedor"
    if covered is None:
        return tool_success(cobertura="desconhecida", orientacao=_SALES_GUIDANCE)
    return tool_success(
        cobertura="sim" if covered else "nao",
        fonte=source,
        local=_format_place(place),
        orientacao=(
            "Diga que há cobertura nesse local; a instalação depende da visita. Ofereça os planos."
            if covered
            else "Diga que não há cobertura nesse local hoje; não prometa prazo."
        ),
    )


async def _check_with_erp(context: TurnContext, place: ServiceAddress) -> bool | None:
    """Ask the ERP; ``None``: it cannot check coverage, or the check failed. Sales can
    still answer.
    """
    if ErpCapability.COVERAGE not in context.capabilities:
        return None
    try:
        return await context.read_erp(CheckCoverage(place))
    except (ErpError, ErpRefusedError):
        return None


def _parse_place(
    context: TurnContext, arguments: CheckCoverageArguments
) -> ServiceAddress | ToolResult:
    if arguments.cep is not None and _CEP.fullmatch(arguments.cep):
        cep = arguments.cep.replace("-", "")
        customer_text = re.sub(r"[ .\-]", "", " | ".join(context.snapshot.customer_texts))
        if cep not in customer_text:
            return tool_refusal("cep_nao_informado", "Peça o CEP ou o endereço ao cliente.")
        return ServiceAddress(cep=cep)
    parts = (arguments.rua, arguments.numero, arguments.bairro, arguments.cidade)
    street, number, district, city = ((part or "")[:_MAX_FIELD_CHARS] for part in parts)
    if city and (street or district):
        customer_text = fold(" | ".join(context.snapshot.customer_texts))
        if not any(fold(part) in customer_text for part in (street, district, city) if part):
            return tool_refusal("endereco_nao_informado", "Peça o CEP ou o endereço ao cliente.")
        return ServiceAddress("", street, number, district, city)
    return tool_refusal(
        "falta_endereco", "Peça o CEP, ou rua, número, bairro e cidade.", cep_valido=False
    )


def _format_place(place: ServiceAddress) -> str:
    if place.cep:
        return f"CEP {place.cep[:5]}-{place.cep[5:]}"
    parts = (f"{place.street}, {place.number}".strip(", "), place.district, place.city)
    return ", ".join(part for part in parts if part)


def _is_available(context: TurnContext) -> bool:
    coverage = context.provider_facts.coverage
    return ErpCapability.COVERAGE in context.capabilities or bool(coverage.places or coverage.ceps)


CHECK_COVERAGE = AssistantTool(
    "verificar_cobertura",
    "Diz se há cobertura em um CEP, ou em rua, número, bairro e cidade. Não precisa de CPF.",
    CheckCoverageArguments,
    check_coverage,
    is_available=_is_available,
    is_repeatable=True,
    department=Department.SALES,
)
