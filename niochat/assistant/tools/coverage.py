"""Whether a place can be connected; nobody has to be identified for that."""

import re

from niochat.assistant.case import Case, Result, Sector, done, refused
from niochat.assistant.folding import fold
from niochat.assistant.tools.tool import Arguments, Tool, Words
from niochat.domain.erp import (
    CheckCoverage,
    ErpCapability,
    ErpError,
    ErpRefusedError,
    ServiceAddress,
)

MOST_PLACES = 5
"""Places of one visit: nobody maps a provider's network by asking."""
_CEP = re.compile(r"\d{5}-?\d{3}")
_LONGEST = 120
_SALES = "Diga que a equipe de vendas confirma a cobertura, sem prometer, e ofereça transferir."


class Where(Arguments):
    """A CEP, or all of an address."""

    cep: Words | None = None
    rua: Words | None = None
    numero: Words | None = None
    bairro: Words | None = None
    cidade: Words | None = None


async def check_coverage(case: Case, wanted: Where) -> Result:
    """Yes, no, or that nobody knows."""
    place = _place(case, wanted)
    if isinstance(place, dict):
        return place
    if case.facts.places >= MOST_PLACES:
        return refused("limite_de_consultas", f"Não consulte mais endereços. {_SALES}")
    case.learn(places=case.facts.places + 1)
    covered = await _by_erp(case, place)
    source = "sistema"
    if covered is None:
        covered, source = case.provider.coverage.covers_address(place), "lista do provedor"
    if covered is None:
        return done(cobertura="desconhecida", orientacao=_SALES)
    return done(
        cobertura="sim" if covered else "nao",
        fonte=source,
        local=_named(place),
        orientacao=(
            "Diga que há cobertura nesse local; a instalação depende da visita. Ofereça os planos."
            if covered
            else "Diga que não há cobertura nesse local hoje; não prometa prazo."
        ),
    )


async def _by_erp(case: Case, place: ServiceAddress) -> bool | None:
    """``None``: the ERP has no such question, or no answer to it. People can still sell."""
    if ErpCapability.COVERAGE not in case.capabilities:
        return None
    try:
        return await case.read(CheckCoverage(place))
    except (ErpError, ErpRefusedError):
        return None


def _place(case: Case, wanted: Where) -> ServiceAddress | Result:
    if wanted.cep is not None and _CEP.fullmatch(wanted.cep):
        cep = wanted.cep.replace("-", "")
        said = re.sub(r"[ .\-]", "", " | ".join(case.visit.customer_texts))
        if cep not in said:
            return refused("cep_nao_informado", "Peça o CEP ou o endereço ao cliente.")
        return ServiceAddress(cep=cep)
    parts = (wanted.rua, wanted.numero, wanted.bairro, wanted.cidade)
    street, number, district, city = ((part or "")[:_LONGEST] for part in parts)
    if city and (street or district):
        said = fold(" | ".join(case.visit.customer_texts))
        if not any(fold(part) in said for part in (street, district, city) if part):
            return refused("endereco_nao_informado", "Peça o CEP ou o endereço ao cliente.")
        return ServiceAddress("", street, number, district, city)
    return refused(
        "falta_endereco", "Peça o CEP, ou rua, número, bairro e cidade.", cep_valido=False
    )


def _named(place: ServiceAddress) -> str:
    if place.cep:
        return f"CEP {place.cep[:5]}-{place.cep[5:]}"
    parts = (f"{place.street}, {place.number}".strip(", "), place.district, place.city)
    return ", ".join(part for part in parts if part)


def _fits(case: Case) -> bool:
    told = case.provider.coverage
    return ErpCapability.COVERAGE in case.capabilities or bool(told.places or told.ceps)


CHECK_COVERAGE = Tool(
    "verificar_cobertura",
    "Diz se há cobertura em um CEP, ou em rua, número, bairro e cidade. Não precisa de CPF.",
    Where,
    check_coverage,
    fits=_fits,
    repeatable=True,
    sector=Sector.SALES,
)
