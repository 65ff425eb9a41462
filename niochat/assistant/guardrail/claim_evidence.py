"""Evidence for claims: functions that search the tool results of this conversation.

Clauses are folded: lower case, without accents.
"""

import re
from collections.abc import Iterator

from niochat.assistant.text.quantities import (
    MONTHS,
    Quantity,
    QuantityKind,
    extract_quantities,
    extract_relative_days,
)
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.tool_history import ToolCallHistory, ToolCallRecord

_USED = re.compile(
    r"\b(?:(?:ja|foi|houve|tem|teve|usou|utilizou|usad[oa]|utilizad[oa]|realizad[oa])\b.*"
    r"\b(?:n?este mes|neste periodo|mes atual)|ja (?:foi )?(?:usad|utilizad)|ja (?:usou|utilizou)|"
    r"\b[dn]?este mes\b.*\b(?:ja|foi|houve)\b)"
)
_ASKED = re.compile(
    r"\b(pedi|pedimos|solicitei|solicitamos|pedido)\b(?!.*\b(sucesso|aprovad|feit))"
)
_OVER = re.compile(r"\b(encerrad|concluid|finalizad|resolvid|atendid)")
_OPENED = re.compile(
    r"\b(?:abri|abrimos|registrei|registramos|criei|criamos|gerei|geramos|acabei|solicitei)\b"
)
_BACK = re.compile(r"\b(?:voltou|voltaram|normaliz|funcionando|no ar|de volta|restabelecid)")
_GLAD = re.compile(r"\b(que bom|que otimo|ainda bem|fico feliz|otimo)\b")
_READ = ("verificar_conexao",)
_APPOINTED = ("visita", "agendamento", "data_visita", "agendado_para")
_MYSELF = re.compile(
    r"\b(re)?(agendei|agendamos|marquei|marcamos|confirmei|confirmamos|encaixei|reservei|adiantei)\b|"
    r"\b(acabei|acabamos|consegui|conseguimos)\b"
)
"""Appointments are only read from the ERP; no tool makes one."""
_WHEN = (QuantityKind.DATE, QuantityKind.TIME)
_ASKING = re.compile(r"\b(pedidos?|solicit|registr|anot|encaminh|protocol)")
_CHANGED = re.compile(
    r"\b(alter|troqu|troc|mud|atualiz|ativ|aplic|realiz|efetu|efetiv|conclu|aprov|confirm|resolv|"
    r"corrig)(ei|ou|amos|ad[oa]s?|id[oa]s?)\b|\bfeit[oa]s?\b"
)
_KINDS = {
    "vencimento": "vencimento",
    "wifi_nome": r"nome d[aeo] (?:sua )?(?:rede|wi-?fi)",
    "wifi_senha": "senha",
    "plano": r"plano|upgrade|downgrade",
    "endereco": r"endereco",
    "titularidade": r"titular",
    "ponto_adicional": r"ponto adicional|ponto extra|segundo ponto|outro ponto",
    "cancelar_chamado": r"cancelamento d[aeo] (?:chamado|visita)",
    "remarcar_visita": r"remarca",
}
_COLOURS = {
    "red": re.compile(r"\bvermelh"),
    "green": re.compile(r"\bverde"),
    "off": re.compile(r"\b(apagad|desligad)"),
}
_LIGHT = re.compile(r"\b(luz|los)\b")
_JUDGED = re.compile(
    r"\b(bate|confere|corresponde|cert[oa]|correto|correta|valid[oa]|legitim[oa]|confirm\w*|"
    r"comprova|pag[oa]|quitad[oa])\b"
)
_FILES = {
    "receipt": re.compile(r"\bcomprovante"),
    "boleto": re.compile(r"\bboleto"),
    "error_screen": re.compile(r"\b(erro|tela|print)\b"),
}


def is_unlocked(history: ToolCallHistory, clause: str) -> bool:
    """The trust unlock was done in this conversation, or the clause reports an earlier one, or the
    connection is online again.
    """
    if history.context.facts.unlocked or history.has_succeeded("desbloqueio_confianca"):
        return True
    if history.has_failed_with("erp_write_unknown") and _ASKED.search(clause):
        return True
    if history.has_failed_with("ja_usado") and _USED.search(clause):
        return True
    if _BACK.search(clause) is None:
        return False
    if _GLAD.search(clause) and _BACK.search(
        fold(" | ".join(history.context.snapshot.customer_statements))
    ):
        return True  # the clause repeats the customer's own words
    return any(record.result.get("estado") == "online" for record in history.records_of(*_READ))


def has_ticket(history: ToolCallHistory, clause: str) -> bool:
    """A ticket was opened in this conversation, or one exists and the clause does not claim to have
    opened it.
    """
    if history.context.facts.ticket or history.has_succeeded("abrir_chamado"):
        return True
    matching = [
        record
        for record in history.records_of("abrir_chamado")
        if record.result.get("erro") == "ja_existe"
    ]
    for record in history.records_of("consultar_chamados"):
        matching += [
            record
            for each in record.result.get("chamados", ())
            if _matches_ticket_state(each, clause)
        ]
        break
    return bool(matching) and not _OPENED.search(clause)


def _matches_ticket_state(ticket: dict[str, object], clause: str) -> bool:
    over = _OVER.search(clause) is not None
    return ticket.get("situacao") == ("encerrado" if over else "aberto")


def has_appointment(history: ToolCallHistory, clause: str) -> bool:
    """A tool result names an appointment, and every date and time of the clause is one of that
    result.

    A ticket alone is no appointment.
    """
    if not history.has_value_for(*_APPOINTED) or _MYSELF.search(clause):
        return False
    named = [
        f
        for f in extract_quantities(fold(" | ".join(_appointment_texts(history))))
        if f.kind in _WHEN
    ]
    stated = [f for f in extract_quantities(clause) if f.kind in _WHEN]
    today = history.context.snapshot.now.date()
    days = [day for _, day in extract_relative_days(clause, today)]
    if re.search(r"\bhoje\b", clause):
        days.append(today)
    stated += [Quantity(QuantityKind.DATE, (d.day, d.month, d.year), "") for d in days]
    return all(any(_is_same_quantity(each, known) for known in named) for each in stated)


def _appointment_texts(history: ToolCallHistory) -> Iterator[str]:
    """The dates and times of visits in the tool results."""
    for record in history.contract_records:
        yield from _collect_values(record.result, _APPOINTED)


def _collect_values(value: object, keys: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key in keys:
                yield str(each)
            else:
                yield from _collect_values(each, keys)
    elif isinstance(value, list):
        for each in value:
            yield from _collect_values(each, keys)


def _is_same_quantity(one: Quantity, other: Quantity) -> bool:
    if one.kind is not other.kind:
        return False
    if isinstance(one.value, tuple) and isinstance(other.value, tuple):
        return all(not a or not b or a == b for a, b in zip(one.value, other.value, strict=True))
    return one.value == other.value


def is_invoice_sent(history: ToolCallHistory, clause: str) -> bool:
    """The tool sent the invoice, or the clause announces a list of invoices."""
    if history.context.facts.sent or history.has_succeeded("enviar_fatura"):
        return not _names_unsent_invoice(history, clause)
    # A list of invoices is shown by the reply itself; payment data is sent by the tool only.
    listed = bool(history.open_invoices) and re.search(
        r"\b(aqui (esta|estao|vai|vao)|segue|seguem)\b.{0,25}\b(faturas?|contas?|boletos?|lista)\b",
        clause,
    )
    payable = re.search(r"\b(pix|codigo|qr|linha digitavel|segunda via|2a via|pdf)\b", clause)
    return bool(listed) and payable is None


def _names_unsent_invoice(history: ToolCallHistory, clause: str) -> bool:
    """Whether the clause names an open invoice that was not sent."""
    stated = _extract_amounts(clause)
    sent = {
        amount
        for record in history.records_of("enviar_fatura")
        if record.is_success and record.delivered
        for value in _collect_values(record.result, ("valor", "total"))
        for amount in _extract_amounts(value)
    }
    return bool(sent) and bool((stated & _open_invoice_amounts(history)) - sent)


def _extract_amounts(text: str) -> set[object]:
    return {f.value for f in extract_quantities(fold(text)) if f.kind is QuantityKind.MONEY}


def is_paid(history: ToolCallHistory, clause: str) -> bool:
    """The ERP reports an invoice as paid; if the clause names an invoice, it must be that one."""
    rows = [row for record in history.contract_records for row in _collect_paid_rows(record.result)]
    if not rows:
        return False
    amounts = _extract_amounts(clause)
    days = [f for f in extract_quantities(clause) if f.kind is QuantityKind.DATE]
    days = days or [
        Quantity(QuantityKind.DATE, (0, month, 0), name)
        for month, name in enumerate(MONTHS, start=1)
        if re.search(rf"\bde {name}\b", clause)
    ]
    if amounts and not days and amounts & _open_invoice_amounts(history):
        # An older invoice of the same amount is paid, and the clause does not say which it means.
        return False
    if amounts or days:
        return any(_is_row_of(row, amounts, days) for row in rows)
    return not _is_still_open(history)


def _collect_paid_rows(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, dict):
        if value.get("situacao") in ("paga", "pago", "quitada", "baixada") or value.get("pago_em"):
            yield value
        for each in value.values():
            yield from _collect_paid_rows(each)
    elif isinstance(value, list):
        for each in value:
            yield from _collect_paid_rows(each)


def _is_row_of(row: dict[str, object], amounts: set[object], days: list[Quantity]) -> bool:
    known = {
        a for name in ("valor", "valor_pago") for a in _extract_amounts(str(row.get(name, "")))
    }
    dates = [
        f for name in ("pago_em", "vencimento") for f in extract_quantities(str(row.get(name, "")))
    ]
    fits = not amounts or not known or amounts <= known
    return fits and all(any(_is_same_quantity(each, date) for date in dates) for each in days)


def _open_invoice_amounts(history: ToolCallHistory) -> set[object]:
    return {
        a
        for each in history.open_invoices or ()
        for a in _extract_amounts(str(each.get("valor", "")))
    }


def _is_still_open(history: ToolCallHistory) -> bool:
    """Whether the invoice of the last payment query is not paid: *your invoice* means that one."""
    for record in history.records_of("consultar_pagamento"):
        queried = record.result.get("consultadas")
        if queried:
            return all(each.get("situacao") != "paga" for each in queried)
        return bool(record.result.get("faturas"))
    return False


def is_invoice_closed(history: ToolCallHistory, clause: str) -> bool:
    """An invoice is no longer open: no invoice is, or the queried one left the list of open
    invoices.
    """
    if has_no_open_invoices(history, clause):
        return True
    amounts = _extract_amounts(clause)
    for record in history.records_of("consultar_pagamento"):
        closed = [
            each
            for each in record.result.get("consultadas", ())
            if each.get("situacao") not in ("em aberto", "vencida")
        ]
        return any(
            not amounts or amounts <= _extract_amounts(str(each.get("valor"))) for each in closed
        )
    return False


def has_no_open_invoices(history: ToolCallHistory, clause: str) -> bool:
    """The invoices were read, and none of the kind that the clause names is open."""
    invoices = history.open_invoices
    if invoices is None:
        return False
    if re.search(r"\b(vencid|atras|atraso)", clause):
        return all(each.get("situacao") != "vencida" for each in invoices)
    if re.search(r"\b(outr[ao]s?|mais nenhum[ao]?|alem)\b", clause):
        return len(invoices) <= 1
    return not invoices


def is_seen_in_file(history: ToolCallHistory, clause: str) -> bool:
    """A file of the customer shows it.

    A receipt may be acknowledged, but not judged: the assistant cannot tell whether it is genuine.
    """
    if history.has_value_for("imagem", "leitura", "texto_lido", "luz_los"):
        return True
    files = history.context.snapshot.file_facts
    kinds = {each.get("kind") for each in files}
    colours = {name for name, word in _COLOURS.items() if word.search(clause)}
    if colours or _LIGHT.search(clause):
        lights = [each.get("luz_los") for each in files if each.get("kind") == "los_light"]
        return bool(lights) and colours <= {lights[-1]}
    if _JUDGED.search(clause):
        return False
    named = {kind for kind, word in _FILES.items() if word.search(clause)}
    return bool(named & kinds) if named else bool(kinds - {None, "other"})


def has_looked_up(history: ToolCallHistory, clause: str) -> bool:
    """A tool was used in this conversation."""
    return bool(history.records)


def is_covered(history: ToolCallHistory, _: str) -> bool:
    """The coverage tool found coverage.

    Before the tool was used, any claim passes if the provider has coverage lists:
    :mod:`~niochat.assistant.guardrail.coverage_check` compares the claim with them.
    """
    return _has_coverage_result(history, "sim")


def is_not_covered(history: ToolCallHistory, _: str) -> bool:
    """The coverage tool found no coverage; see :func:`is_covered`."""
    return _has_coverage_result(history, "nao")


def _has_coverage_result(history: ToolCallHistory, expected: str) -> bool:
    results = [
        record.result["cobertura"] for record in history.records if "cobertura" in record.result
    ]
    listed = history.context.provider_facts.coverage
    return expected in results if results else bool(listed.places or listed.ceps)


def is_requested(history: ToolCallHistory, clause: str) -> bool:
    """A change request of the named kind was recorded.

    A clause that names no kind is also supported by another recorded request or by a handoff.
    """
    recorded = {
        kind
        for record in history.records_of("registrar_solicitacao")
        if (kind := _change_type(record))
    }
    recorded |= {each.kind for each in history.context.facts.contract_change_requests}
    named = {kind for kind, words in _KINDS.items() if re.search(rf"\b(?:{words})", clause)}
    if recorded:
        return not named or bool(named & recorded)
    other = history.has_succeeded("abrir_chamado", "registrar_interesse", "desbloqueio_confianca")
    return not named and (
        other or history.context.handoff is not None or bool(history.context.facts.ticket)
    )


def _change_type(record: ToolCallRecord) -> str:
    is_recorded = record.is_success or record.result.get("erro") == "ja_existe"
    return str(record.result.get("tipo", "")) if is_recorded else ""


def is_only_requested(history: ToolCallHistory, clause: str) -> bool:
    """A change request was recorded, and the clause does not claim that the change was made."""
    if not _ASKING.search(clause) or _CHANGED.search(clause):
        return False
    is_recorded = bool(history.context.facts.contract_change_requests) or any(
        _change_type(record) for record in history.records_of("registrar_solicitacao")
    )
    return is_recorded and is_requested(history, clause)
