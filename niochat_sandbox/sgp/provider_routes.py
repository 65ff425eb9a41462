"""The simulated SGP's routes about the provider (SGP reference 3.2)."""

from datetime import datetime, timedelta
from typing import Any

from niochat_sandbox.sgp.erp_subscribers import ServiceCity
from niochat_sandbox.sgp.erp_subscribers import erp_now as erp_now
from niochat_sandbox.sgp.seed_subscribers import IGARASSU, OLINDA, PAULISTA, PLANS, RECIFE
from niochat_sandbox.sgp.sgp_request import SimulatedSgpRequest

MAINTENANCE_TEXT = "Manutenção na rede da sua região. Nossa equipe já está trabalhando."
_CEPS = ("50", "51", "52", "530", "531", "532", "533", "534")
_CITIES = (OLINDA.city, PAULISTA.city, RECIFE.city)
_STAMP = "%Y-%m-%d %H:%M:%S"


def list_maintenances(_call: SimulatedSgpRequest) -> Any:
    """manutencao/list: one in progress, one solved, one inactive."""
    start = erp_now().replace(minute=0, second=0, microsecond=0)
    end = start + timedelta(hours=4)
    return [
        _format_maintenance(41, IGARASSU, start, end, active=True, status=1),
        _format_maintenance(40, OLINDA, start, end, active=True, status=4),
        _format_maintenance(39, PAULISTA, start, end, active=False, status=1),
    ]


def list_plans(_call: SimulatedSgpRequest) -> Any:
    """consultaplano: prices as numbers and as strings."""
    return {
        "planos": [
            {
                "id": plan.id,
                "descricao": plan.name,
                "preco": f"{plan.price:.2f}" if plan.id % 2 else float(plan.price),
                "qtd_servicos": 1,
            }
            for plan in PLANS
        ]
    }


def check_viability(call: SimulatedSgpRequest) -> Any:
    """viabilidade: covers CEPs and streets of Olinda, Paulista and Recife."""
    cep = call.digits("cep")
    if not cep and not (call.text("logradouro") and call.text("cidade")):
        return {"status": 0, "msg": "Informe o CEP ou o endereço completo"}
    city = call.text("cidade").casefold()
    covered = cep.startswith(_CEPS) if cep else city in {each.casefold() for each in _CITIES}
    return {"status": 1, "viabilidade": covered}


def show_token(call: SimulatedSgpRequest) -> Any:
    """auth/info: confirms a valid token."""
    return {"status": 1, "app": call.text("app"), "ativo": True}


def _format_maintenance(
    number: int, place: ServiceCity, start: datetime, end: datetime, *, active: bool, status: int
) -> dict[str, Any]:
    return {
        "id": number,
        "descricao": f"Manutenção preventiva {place.city}",
        "data_inicial": start.strftime(_STAMP),
        "data_final": end.strftime(_STAMP),
        "mensagem_central": None,
        "mensagem_ura": MAINTENANCE_TEXT,
        "ativa": active,
        "severidade": 2,
        "status": status,
        "pops": [{"id": place.pop, "cidade": place.city, "uf": "PE"}],
        "olts": [],
        "ctos": [],
    }
