"""The table of invented subscribers with which each installation starts."""

import copy
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from niochat_sandbox.sgp.erp_subscribers import (
    PixAvailability,
    RecordQuirk,
    ServiceCity,
    SgpContract,
    SgpContractStatus,
    SgpOpenInvoice,
    SgpPaidInvoice,
    SgpPlan,
    SgpSubscriber,
    SgpTicket,
    SimulatedLineState,
)
from niochat_sandbox.sgp.invented_tax_ids import build_cnpj, build_cpf

PLANS = (
    SgpPlan(1, "FIBRA 300 MEGA", Decimal("79.90")),
    SgpPlan(2, "FIBRA 500 MEGA", Decimal("99.90")),
    SgpPlan(3, "FIBRA 700 MEGA", Decimal("129.90")),
    SgpPlan(4, "FIBRA 1 GIGA", Decimal("199.90")),
)
OLINDA, PAULISTA, RECIFE = (
    ServiceCity("Olinda", 3),
    ServiceCity("Paulista", 4),
    ServiceCity("Recife", 5),
)
IGARASSU = ServiceCity("Igarassu", 9)
"""The only city under maintenance."""
_STREETS = (
    "Rua das Acácias",
    "Rua do Sol",
    "Avenida dos Coqueiros",
    "Rua das Mangueiras",
    "Travessa do Farol",
    "Rua da Aurora Nova",
    "Rua dos Cajueiros",
)
_DISTRICTS = ("Centro", "Jardim Atlântico", "Rio Doce", "Bairro Novo")


@dataclass(frozen=True, slots=True)
class ContractTemplate:
    """A contract without numbers. ``due_in``: the due days of its open invoices, from today.

    ``paid``: (due, paid) in days from today, and the amount if it was not the plan's price.
    """

    status: SgpContractStatus = SgpContractStatus.ACTIVE
    due_in: tuple[int, ...] = (5,)
    line: SimulatedLineState = SimulatedLineState.ONLINE
    pix: PixAvailability = PixAvailability.LISTED
    plan: int = 2
    place: ServiceCity = OLINDA
    promises: int = 0
    unlock_available: bool = True
    ticket: str = ""
    visit_in: int | None = None
    paid: tuple[tuple[int, int, str], ...] = ((-25, -25, ""),)


@dataclass(frozen=True, slots=True)
class SubscriberTemplate:
    """A row of the table. ``{phone}`` in ``erp_phones`` is area code and number without the 55."""

    case: str
    name: str
    contracts: tuple[ContractTemplate, ...] = (ContractTemplate(),)
    quirks: frozenset[RecordQuirk] = frozenset()
    erp_phones: tuple[str, ...] = ("{phone}",)
    company: bool = False


_SUSPENDED = ContractTemplate(SgpContractStatus.SUSPENDED, (-12,))
_DARK = ContractTemplate(line=SimulatedLineState.DARK)
_TEXTUAL = frozenset({RecordQuirk.TEXTUAL})

_TABLE = (
    SubscriberTemplate("active", "Maria da Silva"),
    SubscriberTemplate("suspended", "José Arruda Lins", (_SUSPENDED,)),
    SubscriberTemplate("suspended", "Ana Beatriz Falcão", (_SUSPENDED,), _TEXTUAL),
    SubscriberTemplate(
        "suspended",
        "Severino Tavares Melo",
        (_SUSPENDED,),
        frozenset({RecordQuirk.TYPO, RecordQuirk.PHONE_OBJECTS}),
    ),
    SubscriberTemplate(
        "suspended_used",
        "Josefa Monteiro Paz",
        (ContractTemplate(SgpContractStatus.SUSPENDED, (-20,), promises=1),),
    ),
    SubscriberTemplate(
        "suspended_refused",
        "Carlos Eduardo Brandão",
        (ContractTemplate(SgpContractStatus.SUSPENDED, (-9,), unlock_available=False),),
    ),
    SubscriberTemplate(
        "two_contracts",
        "Luciana Peixoto Ramos",
        (_SUSPENDED, ContractTemplate(plan=3, place=PAULISTA)),
        frozenset({RecordQuirk.PHONE_OBJECTS}),
    ),
    SubscriberTemplate(
        "reduced",
        "Antônio Gusmão Leal",
        (ContractTemplate(SgpContractStatus.REDUCED, (-6,)),),
        _TEXTUAL,
    ),
    SubscriberTemplate(
        "maintenance",
        "Rita de Cássia Bezerra",
        (ContractTemplate(line=SimulatedLineState.OFFLINE, place=IGARASSU),),
    ),
    SubscriberTemplate(
        "offline_light",
        "Paulo Henrique Siqueira",
        (ContractTemplate(line=SimulatedLineState.OFFLINE),),
        frozenset({RecordQuirk.ZERO_OFFLINE}),
    ),
    SubscriberTemplate("offline_dark", "Francisca Nogueira Dias", (_DARK,)),
    SubscriberTemplate(
        "offline_dark", "Marcos Vinícius Portela", (_DARK,), _TEXTUAL | {RecordQuirk.LISTED_TICKET}
    ),
    SubscriberTemplate(
        "offline_dark",
        "Tereza Cristina Amorim",
        (_DARK,),
        frozenset({RecordQuirk.EMPTY_RX, RecordQuirk.LISTED_ACCESS, RecordQuirk.LISTED_TICKET}),
    ),
    SubscriberTemplate("no_invoice", "Roberto Cavalcante Neves", (ContractTemplate(due_in=()),)),
    SubscriberTemplate(
        "no_pix", "Simone Guerra Batista", (ContractTemplate(pix=PixAvailability.NONE, plan=1),)
    ),
    SubscriberTemplate(
        "pix_on_demand", "Edson Farias Coutinho", (ContractTemplate(pix=PixAvailability.ON_DEMAND),)
    ),
    SubscriberTemplate(
        "cancelled",
        "Vera Lúcia Sampaio",
        (ContractTemplate(SgpContractStatus.CANCELLED, (), SimulatedLineState.NOT_INSTALLED),),
    ),
    SubscriberTemplate(
        "third_party", "Gilberto Queiroz Matos", erp_phones=("81977776655", "8134330102")
    ),
    SubscriberTemplate(
        "company",
        "Padaria Pão da Ladeira Ltda",
        (ContractTemplate(due_in=(-4, 26), plan=4, place=RECIFE),),
        erp_phones=("({ddd}) {first}-{last}", "(81) 3433-0199"),
        company=True,
    ),
    SubscriberTemplate(
        "open_ticket",
        "Cícero Romão Alencar",
        (
            ContractTemplate(
                line=SimulatedLineState.DARK, ticket="Cliente sem conexão, luz LOS vermelha acesa."
            ),
        ),
        frozenset({RecordQuirk.TYPO}),
    ),
    SubscriberTemplate(
        "slow",
        "Patrícia Vasconcelos Reis",
        (ContractTemplate(plan=1, place=PAULISTA),),
        frozenset({RecordQuirk.DISPLAY_ONLY, RecordQuirk.LISTED_ACCESS}),
    ),
    SubscriberTemplate("short_phone", "Heleno Barreto Pires", erp_phones=("{ddd}{short}",)),
    SubscriberTemplate(
        "new",
        "Débora Xavier Torres",
        (ContractTemplate(SgpContractStatus.NEW, (), SimulatedLineState.NOT_INSTALLED, paid=()),),
    ),
    SubscriberTemplate(
        "paid",
        "Renata Moura Campelo",
        (ContractTemplate(due_in=(), paid=((-3, -1, ""), (-33, -33, ""))),),
    ),
    SubscriberTemplate(
        "dearer",
        "Osvaldo Freire Dantas",
        (ContractTemplate(due_in=(-15,), plan=3, paid=((-45, -46, "99.90"), (-75, -75, "99.90"))),),
    ),
    SubscriberTemplate(
        "three_open", "Lívia Cordeiro Pontes", (ContractTemplate(due_in=(-40, -10, 20)),), _TEXTUAL
    ),
    SubscriberTemplate(
        "visit",
        "Ivan Sobral Guimarães",
        (
            ContractTemplate(
                line=SimulatedLineState.DARK, ticket="Cliente sem conexão desde ontem.", visit_in=2
            ),
        ),
    ),
)


def create_subscribers() -> list[SgpSubscriber]:
    """Create the subscribers of the table as a new copy."""
    return copy.deepcopy(SUBSCRIBER_CASES)


def _build_subscriber(position: int, case: SubscriberTemplate) -> SgpSubscriber:
    phone = "5581988887777" if position == 0 else f"55819888877{position:02d}"
    parts = {
        "phone": phone[2:],
        "ddd": phone[2:4],
        "first": phone[4:9],
        "last": phone[9:],
        "short": phone[5:],
    }
    return SgpSubscriber(
        id=101 + position,
        case=case.case,
        name=case.name,
        document=build_cnpj(41238800) if case.company else build_cpf(318204500 + 7919 * position),
        phone=phone,
        erp_phones=tuple(each.format(**parts) for each in case.erp_phones),
        contracts=[_build_contract(position, *each) for each in enumerate(case.contracts)],
        quirks=case.quirks,
    )


def _build_contract(position: int, index: int, template: ContractTemplate) -> SgpContract:
    number = 5501 + 10 * position + index
    plan = PLANS[template.plan - 1]
    return SgpContract(
        id=number,
        status=template.status,
        plan=plan,
        street=_STREETS[(position + 3 * index) % len(_STREETS)],
        number=10 + 13 * position + 7 * index,
        district=_DISTRICTS[(position + index) % len(_DISTRICTS)],
        place=template.place,
        line=template.line,
        promises=template.promises,
        unlock_available=template.unlock_available,
        invoices=[
            SgpOpenInvoice(
                9001 + 10 * position + 5 * index + each, plan.price, due_in, template.pix
            )
            for each, due_in in enumerate(template.due_in)
        ],
        paid=[
            SgpPaidInvoice(number * 10 + each, amount, due_in, paid_in, amount)
            for each, (due_in, paid_in, amount_text) in enumerate(template.paid)
            for amount in [Decimal(amount_text) if amount_text else plan.price]
        ],
        tickets=_build_tickets(number, template),
    )


def _build_tickets(contract: int, template: ContractTemplate) -> list[SgpTicket]:
    if not template.ticket:
        return []
    closed = SgpTicket(f"{contract}001", "5", "Troca de senha do wi-fi.", open=False)
    closed.opened -= timedelta(days=40)
    technician = "Carlos Souza" if template.visit_in is not None else ""
    open_one = SgpTicket(
        f"{contract}002", "1", template.ticket, visit_in=template.visit_in, technician=technician
    )
    return [closed, open_one]


SUBSCRIBER_CASES = [_build_subscriber(position, case) for position, case in enumerate(_TABLE)]
