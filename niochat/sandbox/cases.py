"""The table of invented subscribers every installation of the simulated ERP begins with."""

import copy
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from niochat.sandbox.subscribers import (
    Contract,
    Habit,
    Invoice,
    Line,
    Paid,
    Pix,
    Place,
    Plan,
    Status,
    Subscriber,
    Ticket,
)
from niochat.sandbox.taxpayers import cnpj, cpf

PLANS = (
    Plan(1, "FIBRA 300 MEGA", Decimal("79.90")),
    Plan(2, "FIBRA 500 MEGA", Decimal("99.90")),
    Plan(3, "FIBRA 700 MEGA", Decimal("129.90")),
    Plan(4, "FIBRA 1 GIGA", Decimal("199.90")),
)
OLINDA, PAULISTA, RECIFE = Place("Olinda", 3), Place("Paulista", 4), Place("Recife", 5)
IGARASSU = Place("Igarassu", 9)
"""The only place under maintenance."""
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
class Sketch:
    """A contract before it has numbers. `due_in`: one open invoice for each, in days.

    `paid`: (due, paid) in days from today, and the amount where it was not the plan's price.
    """

    status: Status = Status.ACTIVE
    due_in: tuple[int, ...] = (5,)
    line: Line = Line.ONLINE
    pix: Pix = Pix.LISTED
    plan: int = 2
    place: Place = OLINDA
    promises: int = 0
    unlock_available: bool = True
    ticket: str = ""
    visit_in: int | None = None
    paid: tuple[tuple[int, int, str], ...] = ((-25, -25, ""),)


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the table. `{phone}` in `erp_phones` is DDD and number without the 55."""

    case: str
    name: str
    contracts: tuple[Sketch, ...] = (Sketch(),)
    habits: frozenset[Habit] = frozenset()
    erp_phones: tuple[str, ...] = ("{phone}",)
    company: bool = False


_SUSPENDED = Sketch(Status.SUSPENDED, (-12,))
_DARK = Sketch(line=Line.DARK)
_TEXTUAL = frozenset({Habit.TEXTUAL})

_TABLE = (
    Case("active", "Maria da Silva"),
    Case("suspended", "José Arruda Lins", (_SUSPENDED,)),
    Case("suspended", "Ana Beatriz Falcão", (_SUSPENDED,), _TEXTUAL),
    Case(
        "suspended",
        "Severino Tavares Melo",
        (_SUSPENDED,),
        frozenset({Habit.TYPO, Habit.PHONE_OBJECTS}),
    ),
    Case("suspended_used", "Josefa Monteiro Paz", (Sketch(Status.SUSPENDED, (-20,), promises=1),)),
    Case(
        "suspended_refused",
        "Carlos Eduardo Brandão",
        (Sketch(Status.SUSPENDED, (-9,), unlock_available=False),),
    ),
    Case(
        "two_contracts",
        "Luciana Peixoto Ramos",
        (_SUSPENDED, Sketch(plan=3, place=PAULISTA)),
        frozenset({Habit.PHONE_OBJECTS}),
    ),
    Case("reduced", "Antônio Gusmão Leal", (Sketch(Status.REDUCED, (-6,)),), _TEXTUAL),
    Case("maintenance", "Rita de Cássia Bezerra", (Sketch(line=Line.OFFLINE, place=IGARASSU),)),
    Case(
        "offline_light",
        "Paulo Henrique Siqueira",
        (Sketch(line=Line.OFFLINE),),
        frozenset({Habit.ZERO_OFFLINE}),
    ),
    Case("offline_dark", "Francisca Nogueira Dias", (_DARK,)),
    Case("offline_dark", "Marcos Vinícius Portela", (_DARK,), _TEXTUAL | {Habit.LISTED_TICKET}),
    Case(
        "offline_dark",
        "Tereza Cristina Amorim",
        (_DARK,),
        frozenset({Habit.EMPTY_RX, Habit.LISTED_ACCESS, Habit.LISTED_TICKET}),
    ),
    Case("no_invoice", "Roberto Cavalcante Neves", (Sketch(due_in=()),)),
    Case("no_pix", "Simone Guerra Batista", (Sketch(pix=Pix.NONE, plan=1),)),
    Case("pix_on_demand", "Edson Farias Coutinho", (Sketch(pix=Pix.ON_DEMAND),)),
    Case(
        "cancelled",
        "Vera Lúcia Sampaio",
        (Sketch(Status.CANCELLED, (), Line.NOT_INSTALLED),),
    ),
    Case("third_party", "Gilberto Queiroz Matos", erp_phones=("81977776655", "8134330102")),
    Case(
        "company",
        "Padaria Pão da Ladeira Ltda",
        (Sketch(due_in=(-4, 26), plan=4, place=RECIFE),),
        erp_phones=("({ddd}) {first}-{last}", "(81) 3433-0199"),
        company=True,
    ),
    Case(
        "open_ticket",
        "Cícero Romão Alencar",
        (Sketch(line=Line.DARK, ticket="Cliente sem conexão, luz LOS vermelha acesa."),),
        frozenset({Habit.TYPO}),
    ),
    Case(
        "slow",
        "Patrícia Vasconcelos Reis",
        (Sketch(plan=1, place=PAULISTA),),
        frozenset({Habit.DISPLAY_ONLY, Habit.LISTED_ACCESS}),
    ),
    Case("short_phone", "Heleno Barreto Pires", erp_phones=("{ddd}{short}",)),
    Case(
        "new",
        "Débora Xavier Torres",
        (Sketch(Status.NEW, (), Line.NOT_INSTALLED, paid=()),),
    ),
    Case("paid", "Renata Moura Campelo", (Sketch(due_in=(), paid=((-3, -1, ""), (-33, -33, ""))),)),
    Case(
        "dearer",
        "Osvaldo Freire Dantas",
        (Sketch(due_in=(-15,), plan=3, paid=((-45, -46, "99.90"), (-75, -75, "99.90"))),),
    ),
    Case("three_open", "Lívia Cordeiro Pontes", (Sketch(due_in=(-40, -10, 20)),), _TEXTUAL),
    Case(
        "visit",
        "Ivan Sobral Guimarães",
        (Sketch(line=Line.DARK, ticket="Cliente sem conexão desde ontem.", visit_in=2),),
    ),
)


def fresh_subscribers() -> list[Subscriber]:
    """The table's subscribers, of the caller alone."""
    return copy.deepcopy(CASES)


def _subscriber(position: int, case: Case) -> Subscriber:
    phone = "5581988887777" if position == 0 else f"55819888877{position:02d}"
    parts = {
        "phone": phone[2:],
        "ddd": phone[2:4],
        "first": phone[4:9],
        "last": phone[9:],
        "short": phone[5:],
    }
    return Subscriber(
        id=101 + position,
        case=case.case,
        name=case.name,
        document=cnpj(41238800) if case.company else cpf(318204500 + 7919 * position),
        phone=phone,
        erp_phones=tuple(each.format(**parts) for each in case.erp_phones),
        contracts=[_contract(position, *each) for each in enumerate(case.contracts)],
        habits=case.habits,
    )


def _contract(position: int, nth: int, sketch: Sketch) -> Contract:
    number = 5501 + 10 * position + nth
    plan = PLANS[sketch.plan - 1]
    return Contract(
        id=number,
        status=sketch.status,
        plan=plan,
        street=_STREETS[(position + 3 * nth) % len(_STREETS)],
        number=10 + 13 * position + 7 * nth,
        district=_DISTRICTS[(position + nth) % len(_DISTRICTS)],
        place=sketch.place,
        line=sketch.line,
        promises=sketch.promises,
        unlock_available=sketch.unlock_available,
        invoices=[
            Invoice(9001 + 10 * position + 5 * nth + each, plan.price, due_in, sketch.pix)
            for each, due_in in enumerate(sketch.due_in)
        ],
        paid=[
            Paid(number * 10 + each, amount, due_in, paid_in, amount)
            for each, (due_in, paid_in, told) in enumerate(sketch.paid)
            for amount in [Decimal(told) if told else plan.price]
        ],
        tickets=_tickets(number, sketch),
    )


def _tickets(contract: int, sketch: Sketch) -> list[Ticket]:
    if not sketch.ticket:
        return []
    closed = Ticket(f"{contract}001", "5", "Troca de senha do wi-fi.", open=False)
    closed.opened -= timedelta(days=40)
    technician = "Carlos Souza" if sketch.visit_in is not None else ""
    open_one = Ticket(
        f"{contract}002", "1", sketch.ticket, visit_in=sketch.visit_in, technician=technician
    )
    return [closed, open_one]


CASES = [_subscriber(position, case) for position, case in enumerate(_TABLE)]
