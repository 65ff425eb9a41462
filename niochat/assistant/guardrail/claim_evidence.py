"""By what a claim is known to be so: results of this visit. Clauses come folded."""

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
"""Nobody here makes appointments: they are read."""
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
    """In this visit; or used before, where that is what is said; or the line is up again."""
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
        return True  # the customer says so
    return any(deed.result.get("estado") == "online" for deed in history.records_of(*_READ))


def has_ticket(history: ToolCallHistory, clause: str) -> bool:
    """Opened here; or one that is open already, where nobody says that he opened it."""
    if history.context.facts.ticket or history.has_succeeded("abrir_chamado"):
        return True
    there = [
        deed
        for deed in history.records_of("abrir_chamado")
        if deed.result.get("erro") == "ja_existe"
    ]
    for deed in history.records_of("consultar_chamados"):
        there += [
            deed for each in deed.result.get("chamados", ()) if _matches_ticket_state(each, clause)
        ]
        break
    return bool(there) and not _OPENED.search(clause)


def _matches_ticket_state(ticket: dict[str, object], clause: str) -> bool:
    over = _OVER.search(clause) is not None
    return ticket.get("situacao") == ("encerrado" if over else "aberto")


def has_appointment(history: ToolCallHistory, clause: str) -> bool:
    """No ticket is an appointment: somebody must have named the day, and that is the one told."""
    if not history.has_value_for(*_APPOINTED) or _MYSELF.search(clause):
        return False
    named = [
        f
        for f in extract_quantities(fold(" | ".join(_appointment_texts(history))))
        if f.kind in _WHEN
    ]
    told = [f for f in extract_quantities(clause) if f.kind in _WHEN]
    today = history.context.snapshot.now.date()
    days = [day for _, day in extract_relative_days(clause, today)]
    if re.search(r"\bhoje\b", clause):
        days.append(today)
    told += [Quantity(QuantityKind.DATE, (d.day, d.month, d.year), "") for d in days]
    return all(any(_is_same_quantity(each, known) for known in named) for each in told)


def _appointment_texts(history: ToolCallHistory) -> Iterator[str]:
    """When somebody comes, in the words of the results."""
    for deed in history.contract_records:
        yield from _collect_values(deed.result, _APPOINTED)


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
    """By the tool; a list of invoices is shown by its text."""
    if history.context.facts.sent or history.has_succeeded("enviar_fatura"):
        return not _names_unsent_invoice(history, clause)
    # A list of invoices is shown by its text; what one pays with leaves by the tool alone.
    listed = bool(history.open_invoices) and re.search(
        r"\b(aqui (esta|estao|vai|vao)|segue|seguem)\b.{0,25}\b(faturas?|contas?|boletos?|lista)\b",
        clause,
    )
    payable = re.search(r"\b(pix|codigo|qr|linha digitavel|segunda via|2a via|pdf)\b", clause)
    return bool(listed) and payable is None


def _names_unsent_invoice(history: ToolCallHistory, clause: str) -> bool:
    """Whether an open invoice is named that is none of those that left."""
    told = _extract_amounts(clause)
    gone = {
        amount
        for deed in history.records_of("enviar_fatura")
        if deed.is_success and deed.delivered
        for value in _collect_values(deed.result, ("valor", "total"))
        for amount in _extract_amounts(value)
    }
    return bool(gone) and bool((told & _open_invoice_amounts(history)) - gone)


def _extract_amounts(text: str) -> set[object]:
    return {f.value for f in extract_quantities(fold(text)) if f.kind is QuantityKind.MONEY}


def is_paid(history: ToolCallHistory, clause: str) -> bool:
    """The ERP says of an invoice that it is paid; of that one, where it is named."""
    rows = [row for deed in history.contract_records for row in _collect_paid_rows(deed.result)]
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
        return False  # an older one of the same amount is paid; nobody says that it is that one
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
    """Whether what was last asked about is not paid: *your invoice* is that one."""
    for deed in history.records_of("consultar_pagamento"):
        looked = deed.result.get("consultadas")
        if looked:
            return all(each.get("situacao") != "paga" for each in looked)
        return bool(deed.result.get("faturas"))
    return False


def is_invoice_closed(history: ToolCallHistory, clause: str) -> bool:
    """One invoice is not open any more: the list has none, or lacks the one that was asked for."""
    if has_no_open_invoices(history, clause):
        return True
    amounts = _extract_amounts(clause)
    for deed in history.records_of("consultar_pagamento"):
        gone = [
            each
            for each in deed.result.get("consultadas", ())
            if each.get("situacao") not in ("em aberto", "vencida")
        ]
        return any(
            not amounts or amounts <= _extract_amounts(str(each.get("valor"))) for each in gone
        )
    return False


def has_no_open_invoices(history: ToolCallHistory, clause: str) -> bool:
    """The list was read, and has none of the kind that is spoken of."""
    invoices = history.open_invoices
    if invoices is None:
        return False
    if re.search(r"\b(vencid|atras|atraso)", clause):
        return all(each.get("situacao") != "vencida" for each in invoices)
    if re.search(r"\b(outr[ao]s?|mais nenhum[ao]?|alem)\b", clause):
        return len(invoices) <= 1
    return not invoices


def is_seen_in_file(history: ToolCallHistory, clause: str) -> bool:
    """In a file of the customer's that was read, and just so. A receipt is thanked for: whether it
    is right nobody can see.
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
    wanted = {kind for kind, word in _FILES.items() if word.search(clause)}
    return bool(wanted & kinds) if wanted else bool(kinds - {None, "other"})


def has_looked_up(history: ToolCallHistory, clause: str) -> bool:
    """Some tool was used in this visit."""
    return bool(history.records)


def is_covered(history: ToolCallHistory, _: str) -> bool:
    """The tool said so; before it was asked, the provider's own lists are looked at elsewhere."""
    return _has_coverage_result(history, "sim")


def is_not_covered(history: ToolCallHistory, _: str) -> bool:
    """The same of the contrary."""
    return _has_coverage_result(history, "nao")


def _has_coverage_result(history: ToolCallHistory, wanted: str) -> bool:
    found = [deed.result["cobertura"] for deed in history.records if "cobertura" in deed.result]
    listed = history.context.provider_facts.coverage
    return wanted in found if found else bool(listed.places or listed.ceps)


def is_requested(history: ToolCallHistory, clause: str) -> bool:
    """A request was taken; of the kind that is named, where one is. Or people have been called."""
    taken = {
        kind for deed in history.records_of("registrar_solicitacao") if (kind := _change_type(deed))
    }
    taken |= {each.kind for each in history.context.facts.contract_change_requests}
    named = {kind for kind, words in _KINDS.items() if re.search(rf"\b(?:{words})", clause)}
    if taken:
        return not named or bool(named & taken)
    other = history.has_succeeded("abrir_chamado", "registrar_interesse", "desbloqueio_confianca")
    return not named and (
        other or history.context.handoff is not None or bool(history.context.facts.ticket)
    )


def _change_type(deed: ToolCallRecord) -> str:
    stands = deed.is_success or deed.result.get("erro") == "ja_existe"
    return str(deed.result.get("tipo", "")) if stands else ""


def is_only_requested(history: ToolCallHistory, clause: str) -> bool:
    """That a change was asked for, where it was; that it is made nobody knows."""
    if not _ASKING.search(clause) or _CHANGED.search(clause):
        return False
    stands = bool(history.context.facts.contract_change_requests) or any(
        _change_type(deed) for deed in history.records_of("registrar_solicitacao")
    )
    return stands and is_requested(history, clause)
