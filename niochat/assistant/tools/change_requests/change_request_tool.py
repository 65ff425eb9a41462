"""Record what a subscriber wants changed, as a service order or a handoff, by the tenant's
settings.

No tool changes a contract: the staff do. A Wi-Fi password is never accepted as text.
"""

from hashlib import sha256
from typing import Annotated, Any

from pydantic import Field

from niochat.assistant.conversation_facts import ChangeRequestRecord
from niochat.assistant.handoff.handoff_messages import format_handoff_summary
from niochat.assistant.text.masking import mask_text
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.tools.change_requests.change_types import (
    CHANGE_TYPES,
    MissingDetailError,
    describe_change,
)
from niochat.assistant.tools.consent.customer_quotes import find_quote
from niochat.assistant.tools.tool_definition import (
    ArgumentQuote,
    ArgumentText,
    AssistantTool,
    ToolArguments,
)
from niochat.assistant.tools.write_outcome import report_unfinished_write
from niochat.assistant.turn_context import (
    Department,
    ToolResult,
    TurnContext,
    tool_refusal,
    tool_success,
)
from niochat.domain.tenant.change_requests import (
    ChangeRequestKind,
    ChangeRequestRoute,
    ChangeRequestRule,
)
from niochat.ports.erp import ErpCapability, ErpWriteResult, ErpWriteStatus, ListTickets, OpenTicket

_MIN_QUOTED_LETTERS = 4
"""The minimum number of letters of a quote that counts as a request."""


class ChangeRequestArguments(ToolArguments):
    """``novo`` is the detail that the kind of change needs; see
    :mod:`niochat.assistant.tools.change_requests.change_types`.
    """

    tipo: ChangeRequestKind
    palavras: ArgumentQuote
    novo: Annotated[
        ArgumentText | None,
        Field(
            description="dia, nome da rede, número do plano listado, endereço, novo titular ou "
            "chamado; nunca senha"
        ),
    ] = None

    def to_stored(self) -> Any:
        """Leave out fields that may hold a password."""
        if self.has_secret:
            return {"tipo": self.tipo.value}
        return self.model_dump(mode="json")

    @property
    def has_secret(self) -> bool:
        """Whether the arguments may hold a password."""
        text = fold(f"{self.palavras} {self.novo or ''}")
        return self.tipo is ChangeRequestKind.WIFI_PASSWORD or "senha" in text


async def request_change(context: TurnContext, arguments: ChangeRequestArguments) -> ToolResult:
    """Record the request once in the ERP or hand it off; return what is missing otherwise."""
    kind = arguments.tipo
    rule = context.change_request_rules.get(kind, ChangeRequestRule())
    if rule.how is ChangeRequestRoute.OFF:
        return tool_refusal(
            "nao_disponivel", "Diga que isso não é feito por aqui e ofereça falar com a equipe."
        )
    if not _is_quoted_request(context, arguments.palavras):
        return tool_refusal(
            "pedido_nao_citado",
            "Só com pedido do cliente: em palavras, cite exatamente o que ele "
            "escreveu, ou pergunte se ele quer.",
        )
    earlier = next(
        (each for each in context.facts.contract_change_requests if each.kind == kind), None
    )
    key = _write_key(context, kind)
    if earlier is not None and key not in context.snapshot.unreported_write_keys:
        return _refuse_existing(kind, earlier.protocol)
    try:
        description = mask_text(await describe_change(context, kind, rule, arguments.novo or ""))
    except MissingDetailError as missing:
        return tool_refusal("falta_dado", missing.guidance, **missing.fields)
    if rule.how is ChangeRequestRoute.ORDER and ErpCapability.OPEN_TICKET in context.capabilities:
        return await _open_order(context, arguments, rule, description)
    return _hand_off_request(context, kind, rule, description)


async def _open_order(
    context: TurnContext, arguments: ChangeRequestArguments, rule: ChangeRequestRule, what: str
) -> ToolResult:
    kind, key = arguments.tipo, _write_key(context, arguments.tipo)
    is_started = key in context.snapshot.unreported_write_keys
    similar = None if is_started else await _find_similar(context, kind)
    if similar is not None:
        return _refuse_existing(kind, similar)
    quoted = "" if arguments.has_secret else f"\nCliente: «{arguments.palavras}»"
    order = OpenTicket(
        context.confirmed_contract().id,
        rule.category,
        f"{_order_title(kind)}\n{what}{quoted}",
        context.facts.name,
        context.snapshot.phone,
        _reference(context, kind),
        rule.code,
    )
    result = await context.write_erp(key, order)
    if result.status is not ErpWriteStatus.DONE:
        return report_unfinished_write(context, result, f"o pedido ({what})", _department(kind))
    if result.earlier and not is_started:
        return _refuse_existing(kind, result.protocol)
    return _report_taken(context, kind, what, result)


def _report_taken(
    context: TurnContext, kind: ChangeRequestKind, description: str, result: ErpWriteResult
) -> ToolResult:
    _remember_request(
        context,
        ChangeRequestRecord(
            context.confirmed_contract().id, kind.value, description, result.protocol
        ),
    )
    number = f" Protocolo do pedido: {result.protocol}." if result.protocol else ""
    context.add_fallback_text(
        f"Registrei seu pedido: {description}.{number} A equipe vai cuidar disso."
    )
    return tool_success(
        tipo=kind.value,
        registrado=description,
        protocolo=result.protocol or None,
        orientacao="Diga que o pedido foi registrado, com o protocolo se houver, e que a equipe "
        "faz a mudança: ela ainda não foi feita. Não prometa prazo.",
    )


def _hand_off_request(
    context: TurnContext, kind: ChangeRequestKind, rule: ChangeRequestRule, description: str
) -> ToolResult:
    """Hand off all requests of the conversation to one team, that of the last request."""
    _remember_request(
        context, ChangeRequestRecord(context.confirmed_contract().id, kind.value, description)
    )
    head = (
        "Pedido do cliente: "
        + "; ".join(each.what for each in context.facts.contract_change_requests)
        + "."
    )
    context.hand_off(
        rule.team or _department(kind), "change_request", format_handoff_summary(context, head)
    )
    assert context.handoff is not None
    team = context.team_name(context.handoff.team)
    context.add_fallback_text(
        f"Anotei seu pedido: {description}. A equipe {team} continua por aqui."
    )
    return tool_success(
        tipo=kind.value,
        encaminhado=description,
        equipe=team,
        aberto=context.snapshot.staff_availability.available,
        orientacao="Diga que anotou o pedido e que essa equipe continua por aqui: a mudança ainda "
        "não foi feita. Não prometa prazo.",
    )


def _remember_request(context: TurnContext, request: ChangeRequestRecord) -> None:
    others = [
        each
        for each in context.facts.requested
        if (each.contract, each.kind) != (request.contract, request.kind)
    ]
    context.update_facts(requested=(*others, request))


def _is_quoted_request(context: TurnContext, words: str) -> bool:
    """Whether the customer wrote these words, more than a short word, and did not withdraw them."""
    if sum(map(str.isalnum, words)) < _MIN_QUOTED_LETTERS:
        return False
    quote = find_quote(context.snapshot.customer_statements, words)
    return quote is not None and not quote.is_withdrawn


async def _find_similar(context: TurnContext, kind: ChangeRequestKind) -> str | None:
    """The protocol of an open service order for the same kind of change."""
    if ErpCapability.TICKETS not in context.capabilities:
        return None
    tickets = await context.read_erp(ListTickets(context.confirmed_contract().id))
    title = _order_title(kind)
    return next((each.number for each in tickets if each.open and title in each.content), None)


def _refuse_existing(kind: ChangeRequestKind, protocol: str) -> ToolResult:
    number = "informe o protocolo" if protocol else "não há número a informar"
    return tool_refusal(
        "ja_existe",
        f"Esse pedido já foi registrado: {number}; não registre outro. Se ele quer "
        "algo diferente, transfira.",
        protocolo=protocol or None,
        tipo=kind.value,
    )


def _order_title(kind: ChangeRequestKind) -> str:
    """The first line of the service order, by which a later conversation finds it."""
    return f"SOLICITAÇÃO: {CHANGE_TYPES[kind].title}."


def _department(kind: ChangeRequestKind) -> Department:
    return CHANGE_TYPES[kind].department


def _write_key(context: TurnContext, kind: ChangeRequestKind) -> str:
    conversation_id = context.snapshot.request.conversation_id
    return f"request:{context.confirmed_contract().id}:{kind}:{conversation_id}"


def _reference(context: TurnContext, kind: ChangeRequestKind) -> str:
    """A reference within the order's content, by which the order is found if the ERP's answer was
    lost.
    """
    meaning = f"{context.snapshot.request.conversation_id}:request:{kind}"
    return f"NC-{sha256(meaning.encode()).hexdigest()[:12]}"


def _is_available(context: TurnContext) -> bool:
    any_enabled = any(
        rule.how is not ChangeRequestRoute.OFF for rule in context.change_request_rules.values()
    )
    return bool(context.capabilities) and any_enabled


REQUEST_CHANGE = AssistantTool(
    "registrar_solicitacao",
    "Registra um pedido de mudança no contrato confirmado; quem muda é a equipe.",
    ChangeRequestArguments,
    request_change,
    requires_contract=True,
    requires_trust=True,
    has_side_effects=True,
    is_available=_is_available,
    department=Department.GENERAL,
)
