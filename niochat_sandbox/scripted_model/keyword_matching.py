"""Keyword rules for Portuguese texts, regardless of case and accents."""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum


class ScriptedIntent(StrEnum):
    """A customer's intent: the values of ``desejo``."""

    INVOICE = "fatura"
    OFFLINE = "sem_internet"
    SLOW = "lentidao"
    UNLOCK = "desbloqueio"
    TICKET = "chamado"
    PLANS = "planos"
    OTHER = "outro"


class InvoiceFormat(StrEnum):
    """The form in which an invoice is sent: the values of ``forma``."""

    PIX = "pix"
    SLIP = "boleto"
    BOTH = "ambos"


def normalize_text(text: str) -> str:
    """Return ``text`` in lower case, without accents, with single spaces; line breaks remain."""
    letters = unicodedata.normalize("NFKD", text.lower())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^\S\n]+", " ", bare).strip()


_INTENTS = (
    (ScriptedIntent.UNLOCK, r"desbloque|liberar|\bliberacao|\blibera\b|confianca|promessa"),
    (ScriptedIntent.TICKET, r"\bchamados?\b|\bprotocolos?\b|visita tecnica|\btecnico em casa"),
    (
        ScriptedIntent.OFFLINE,
        r"sem (a )?(internet|net|conexao|sinal|wi-?fi)\b|\bcaiu\b|nao (\w+ )?conecta|luz vermelha"
        r"|(?<![-\w])los\b|\binternet parou|\bnet nao (\w+ )?(funcion|peg|abr)|\bcaindo\b"
        r"|internet nao (\w+ )?(funcion|peg|abr)|nao consigo acessar|\bbloque(a|ou)",
    ),
    (ScriptedIntent.SLOW, r"\blent[oa]s?\b|lentidao|devagar|\blerd[oa]\b"),
    (
        ScriptedIntent.INVOICE,
        r"\bfaturas?\b|\bboletos?\b|2a via|segunda via|\bpagar\b|\bpagamento\b|\bpix\b"
        r"|mensalidade",
    ),
    (ScriptedIntent.PLANS, r"\bplanos?\b|\bcontrat(ar|acao)\b|\bassinar\b|\bassinatura\b"),
)

_YES = r"sim|s|isso|corret[oa]|confirm[oa]|ok|certo|pode|claro|positivo|exato|estao"
_NO = r"nao|n|errad[oa]|incorret[oa]|nenhum[a]?|negativo"
_SAYS_YES = re.compile(rf"^\W*(?:(?:{_YES}|1)\b|esta(o|a)? (?:tudo )?cert)", re.MULTILINE)
_SAYS_NO = re.compile(rf"^\W*(?:{_NO})\b|\b(?:errad[oa]|incorret[oa])\b", re.MULTILINE)
_GREETING = re.compile(r"\b(oi+e?|ola|opa|e ai|bom dia|boa tarde|boa noite|hello|hi)\b")
_THANKS = re.compile(
    r"\b(obrigad[oa]|obg|brigad[oa]|valeu|vlw|agradec\w+|tchau|ate mais|ate logo)\b"
    r"|\b(so|era) isso\b"
)
_REQUEST = re.compile(r"\b(quero|preciso|mand[ae]|envi[ae]|gostaria|como|qual|mas|falta)\b|\?")
_PAID = re.compile(
    r"(?<!nao )(?<!ainda )\bpaguei\b|\bcomprovante\b"
    r"|\b(fiz|efetuei|realizei) o (pix|pagamento)\b"
)
_PICTURE = re.compile(r"⟦(arquivo|imagem)")
_INJECTION = re.compile(
    r"\b(ignor|esquec|desconsider)\w* (\w+ ){0,3}(instruc|regras|ordens|orientac)"
    r"|\bvoce agora e\b|\ba partir de agora voce\b|\b(finja|aja como)\b|\bmodo desenvolvedor\b"
    r"|\bprompts?\b|\bsuas (instruc|regras)|\bjailbreak\b|\bignor\w+ tudo\b"
)
_UNSOLVED = re.compile(r"\bnao (me )?(resolve\w*|ajudou|adiantou)\b")
_NUMBER = re.compile(r"(?<![\d/.,-])([1-9]\d?)(?!\d|[/.,-]\d)\b")
_ORDINALS = ("primeir", "segund", "terceir", "quart", "quint")
_BOTH = re.compile(r"\bos dois\b|\bambos\b|\bas duas\b")
_CNPJ = re.compile(
    r"(?<![^\W_])[^\W_]{2}[. ]?[^\W_]{3}[. ]?[^\W_]{3}[/ ]?(?=\w*\d)[^\W_]{4}[- ]?\d{2}(?![^\W_])",
    re.A,
)
_CPF = re.compile(r"(?<!\d)\d{3}[. ]?\d{3}[. ]?\d{3}[- ]?\d{2}(?!\d)")
_LOOSE = re.compile(r"(?<!\d)\d(?:[ .\-/]{0,3}\d){10,13}(?!\d)")


def parse_intent(text: str) -> ScriptedIntent | None:
    """The intent of a text; if it has several, the more specific one."""
    words = normalize_text(text)
    return next((intent for intent, known in _INTENTS if re.search(known, words)), None)


def find_newest_intent(texts: Iterable[str]) -> ScriptedIntent | None:
    """The intent of the last text that has one; the texts are oldest first."""
    intents = [intent for intent in map(parse_intent, texts) if intent]
    return intents[-1] if intents else None


def is_yes(text: str) -> bool:
    """Whether a line of the text begins with a yes; "1" is one."""
    return bool(_SAYS_YES.search(normalize_text(text)))


def is_no(text: str) -> bool:
    """Whether a line of the text begins with a no, or the text calls something wrong."""
    return bool(_SAYS_NO.search(normalize_text(text)))


def is_greeting(text: str) -> bool:
    """Whether the text contains a greeting."""
    return bool(_GREETING.search(normalize_text(text)))


def is_thanks(text: str) -> bool:
    """Whether the text thanks or says goodbye without asking for anything else."""
    words = normalize_text(text)
    if not _THANKS.search(words):
        return False
    intent = parse_intent(text)
    return intent is None or (intent is ScriptedIntent.INVOICE and not _REQUEST.search(words))


def is_payment_notice(text: str) -> bool:
    """Whether the text reports a payment, or brings a file without another intent."""
    words = normalize_text(text)
    pictured = bool(_PICTURE.search(words)) and parse_intent(text) in (None, ScriptedIntent.INVOICE)
    return pictured or bool(_PAID.search(words))


def has_picture(text: str) -> bool:
    """Whether a document or picture arrived."""
    return bool(_PICTURE.search(normalize_text(text)))


def has_instructions(text: str) -> bool:
    """Whether the text tries to instruct the model."""
    return bool(_INJECTION.search(normalize_text(text)))


def find_last_line(text: str) -> str:
    """The last non-empty line; a quote must be part of one message."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def find_yes_line(text: str) -> str:
    """The line that says yes, or else the last line."""
    lines = [line.strip() for line in text.splitlines() if _SAYS_YES.search(normalize_text(line))]
    return lines[-1] if lines else find_last_line(text)


def is_unsolved(text: str) -> bool:
    """Whether the text says that the help did not solve the problem."""
    return bool(_UNSOLVED.search(normalize_text(text)))


def parse_choice_number(text: str) -> int | None:
    """Parse a choice: the first number from 1 to 99, or an ordinal up to the fifth."""
    words = normalize_text(text)
    if found := _NUMBER.search(words):
        return int(found[1])
    ordinals = (
        position
        for position, word in enumerate(_ORDINALS, 1)
        if re.search(rf"\b{word}[oa]\b(?! via|-| feira)", words)
    )
    return next(ordinals, None)


def parse_invoice_format(text: str) -> InvoiceFormat | None:
    """Parse PIX, boleto or both; None if neither is named, or both as alternatives ("pix ou
    boleto").
    """
    words = normalize_text(text)
    pix, slip = re.search(r"\bpix\b", words), re.search(r"\bboletos?\b", words)
    if _BOTH.search(words):
        return InvoiceFormat.BOTH
    if pix and slip:
        return None if re.search(r"\bou\b", words) else InvoiceFormat.BOTH
    if pix:
        return InvoiceFormat.PIX
    return InvoiceFormat.SLIP if slip else None


def find_newest_invoice_format(texts: Iterable[str]) -> InvoiceFormat | None:
    """The payment form of the last text that names one; the texts are oldest first."""
    forms = [form for form in map(parse_invoice_format, texts) if form]
    return forms[-1] if forms else None


def find_tax_id(text: str) -> str | None:
    """Find a CPF (11 digits) or CNPJ (14) without separators. The product checks the
    check digits.
    """
    for known in (_CNPJ, _CPF, _LOOSE):
        if found := known.search(text):
            bare = re.sub(r"[\W_]", "", found[0]).upper()
            return bare if len(bare) in (11, 14) else None
    return None
