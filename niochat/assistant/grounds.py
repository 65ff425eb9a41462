"""By what a claim is known to be so: results of this visit. Clauses come folded."""

import re

from niochat.assistant.deeds import Deeds

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
_READ = ("verificar_conexao",)
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


def unlocked(deeds: Deeds, clause: str) -> bool:
    """In this visit; or used before, where that is what is said; or the line is up again."""
    if deeds.case.facts.unlocked or deeds.did("desbloqueio_confianca"):
        return True
    if deeds.failed_with("erp_write_unknown") and _ASKED.search(clause):
        return True
    if deeds.failed_with("ja_usado") and _USED.search(clause):
        return True
    online = any(deed.result.get("estado") == "online" for deed in deeds.of(*_READ))
    return online and _BACK.search(clause) is not None


def ticket(deeds: Deeds, clause: str) -> bool:
    """Opened here; or one that is open already, where nobody says that he opened it."""
    if deeds.case.facts.ticket or deeds.did("abrir_chamado"):
        return True
    there = [deed for deed in deeds.of("abrir_chamado") if deed.result.get("erro") == "ja_existe"]
    for deed in deeds.of("consultar_chamados"):
        there += [deed for each in deed.result.get("chamados", ()) if _stands(each, clause)]
        break
    return bool(there) and not _OPENED.search(clause)


def _stands(ticket: dict[str, object], clause: str) -> bool:
    over = _OVER.search(clause) is not None
    return ticket.get("situacao") == ("encerrado" if over else "aberto")


def visit(deeds: Deeds, clause: str) -> bool:
    """No ticket is an appointment: somebody must have named the day."""
    return deeds.says("visita", "agendamento", "data_visita", "agendado_para")


def sent(deeds: Deeds, clause: str) -> bool:
    """By the tool; a list of invoices is shown by its text."""
    if deeds.case.facts.sent or deeds.did("enviar_fatura"):
        return True
    # A list of invoices is shown by its text; what one pays with leaves by the tool alone.
    listed = bool(deeds.invoices) and re.search(
        r"\b(aqui (esta|estao|vai|vao)|segue|seguem)\b.{0,25}\b(faturas?|contas?|boletos?|lista)\b",
        clause,
    )
    payable = re.search(r"\b(pix|codigo|qr|linha digitavel|segunda via|2a via|pdf)\b", clause)
    return bool(listed) and payable is None


def paid(deeds: Deeds, clause: str) -> bool:
    """The ERP says of an invoice that it is paid."""
    found = (deed.result for deed in deeds.mine)
    return any(_says_paid(result) for result in found)


def _says_paid(value: object) -> bool:
    if isinstance(value, dict):
        if value.get("situacao") in ("paga", "pago", "quitada", "baixada") or value.get("pago_em"):
            return True
        return any(map(_says_paid, value.values()))
    return isinstance(value, list) and any(map(_says_paid, value))


def none_open(deeds: Deeds, clause: str) -> bool:
    """The list was read, and has none of the kind that is spoken of."""
    invoices = deeds.invoices
    if invoices is None:
        return False
    if re.search(r"\b(vencid|atras|atraso)", clause):
        return all(each.get("situacao") != "vencida" for each in invoices)
    if re.search(r"\b(outr[ao]s?|mais nenhum[ao]?|alem)\b", clause):
        return len(invoices) <= 1
    return not invoices


def seen(deeds: Deeds, clause: str) -> bool:
    """In a file of the customer's that was read, and just so. A receipt is thanked for: whether it
    is right nobody can see.
    """
    if deeds.says("imagem", "leitura", "texto_lido", "luz_los"):
        return True
    files = deeds.case.visit.shown_by_files
    kinds = {each.get("kind") for each in files}
    colours = {name for name, word in _COLOURS.items() if word.search(clause)}
    if colours or _LIGHT.search(clause):
        lights = [each.get("luz_los") for each in files if each.get("kind") == "los_light"]
        return bool(lights) and colours <= {lights[-1]}
    if _JUDGED.search(clause):
        return False
    wanted = {kind for kind, word in _FILES.items() if word.search(clause)}
    return bool(wanted & kinds) if wanted else bool(kinds - {None, "other"})


def looked(deeds: Deeds, clause: str) -> bool:
    """Some tool was used in this visit."""
    return bool(deeds.all)


def never(deeds: Deeds, clause: str) -> bool:
    """Nothing that the assistant has no tool for can be true."""
    return False
