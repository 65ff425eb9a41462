"""The last look at a text before it leaves: nothing is said to be done that no tool did, and
nothing is shown that the server did not find out. Whatever talked the model into it.
"""

import json
import re
from functools import lru_cache
from unicodedata import normalize

from niochat.assistant.case import Case
from niochat.assistant.claims import CLAIMS
from niochat.assistant.folding import fold
from niochat.domain.document import documents_in
from niochat.domain.message import Author

_DRESS = str.maketrans("", "", "*_~`")
"""Marks of bold and italics, which would hide where a word begins."""
_IS = re.compile(r"\bé\b")
_CLAUSE = re.compile(r"(.+?)([.,;:!?\n]|\b(?:e|mas|porem|entao|pois)\b|$)")
_OPEN = re.compile(
    r"\b(nao|nem|nunca|nenhuma?|se|quando|assim que|apos|depois (que|de)|(?<![oue] )caso|posso|"
    r"podemos|vou|vamos|gostaria|quer|deseja|prefere|sera|serao|seria|ser|seja|sejam|for|forem|"
    r"precisa|preciso|eh \w+|sao \w+|para (ter|que|abrir|liberar)|"
    r"sem (chamado|registro|confirmacao)|ate que)\b"
)
"""A clause with one of these before its claim promises, asks, denies, or tells how things usually
go (``eh`` is *é*, told from *e*); it does not say that something is done.
"""
_CONDITION = re.compile(r"\b(se|quando|(?<![oue] )caso|assim que|apos|depois (que|de))\b")
_LINK = re.compile(
    r"\b(?:https?://|www\.)\S+|\b[\w-]+\.[a-z]{2,}/\S+|"
    r"\b[\w-]+\.(?:com|net|org|br|io|app|link|me|ly|info|xyz|site|online|store|top)\b\S*"
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_KEY = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_AMOUNT = re.compile(r"r\$ ?[\d.,]*\d")
_NUMBER = re.compile(r"\d(?:[ .\-()]{0,2}\d){8,}")
_PIX = re.compile(r"000201\d\d")
_MACHINE = re.compile(r"[{}]|```|\btool_?calls?\b|situacao do atendimento|orientacao:|apresentar:")
_TOOL_NAME = re.compile(r"\b[a-z]{4,}_[a-z]{4,}\b")
"""No Portuguese word has an underscore; every tool's name has."""
_SENTENCE = re.compile(r"(?<=\.) ")
_LONG_RULE = 40
"""Characters from which a sentence of the prompt is its own, not everybody's Portuguese."""


def untrue(text: str, case: Case, told: str, prompt_lines: tuple[str, ...]) -> str | None:
    """Why the text must not leave, as a code; ``None``: it may.

    ``told`` is what the tenant itself told the model of its own: names, addresses, phones.
    """
    folded = fold(text)
    bare = fold(text.translate(_DRESS))
    known = _known(case, told)
    return (
        _leaked(text, folded, told, prompt_lines)
        or _unknown(folded, known)
        or _unknown(bare, known)
        or _claimed(text, case)
        or _foreign(bare, case)
    )


def _claimed(text: str, case: Case) -> str | None:
    plain = normalize("NFKC", text.translate(_DRESS)).casefold()
    supposed = False
    for line in plain.splitlines():
        for clause, end in _CLAUSE.findall(fold(_IS.sub("eh", line))):
            for claim in CLAIMS if end != "?" else ():
                found = claim.pattern.search(clause)
                if found is None or claim.holds(case) or _OPEN.search(clause[: found.end()]):
                    continue
                if claim.code != "visita" or not supposed:
                    return claim.code
            # What follows an "if" may tell what would come; not what was done.
            supposed = end == "," and _CONDITION.search(clause) is not None
    return None


def _leaked(text: str, folded: str, told: str, prompt_lines: tuple[str, ...]) -> str | None:
    if _MACHINE.search(folded) or _TOOL_NAME.search(folded):
        return "interno"
    # The tenant's own CNPJ, or a phone of its that looks like a CPF, is no secret.
    bare = text.translate(_DRESS)
    if {*documents_in(text), *documents_in(bare)} - set(documents_in(told)):
        return "documento"
    return "interno" if any(rule in folded for rule in _long_rules(prompt_lines)) else None


@lru_cache(maxsize=4)  # the prompt is one file
def _long_rules(prompt_lines: tuple[str, ...]) -> list[str]:
    rules = (fold(rule) for line in prompt_lines for rule in _SENTENCE.split(line.lstrip("- ")))
    return [rule for rule in rules if len(rule) >= _LONG_RULE]


def _unknown(folded: str, known: str) -> str | None:
    """Codes leave by tools alone; other figures only if they came from the server."""
    if _PIX.search(folded):
        return "codigo"
    # Portuguese is ASCII once folded; other alphabets have letters that only look like ours.
    if any(c.isalpha() and not c.isascii() and c not in known for c in folded):
        return "alfabeto"
    digits = re.sub(r"[ .\-()]", "", known)
    for number in _NUMBER.findall(folded):
        if re.sub(r"[ .\-()]", "", number) not in digits:
            return "numero"
    folded, known = (each.replace("r$ ", "r$") for each in (folded, known))
    for pattern, code in ((_LINK, "link"), (_EMAIL, "email"), (_KEY, "chave"), (_AMOUNT, "valor")):
        if any(found.strip(".,;:!?)") not in known for found in pattern.findall(folded)):
            return code
    return None


def _foreign(folded: str, case: Case) -> str | None:
    """Who writes from a telephone that is not the holder's sees neither address nor whole name."""
    if case.facts.trusted:
        return None
    streets = (fold(c.address.split(",")[0].split(" - ")[0]) for c in case.facts.contracts)
    if any(len(street) > 5 and street in folded for street in streets):
        return "endereco"
    return "titular" if case.facts.name and fold(case.facts.name) in folded else None


def _known(case: Case, told: str) -> str:
    """Everything the server itself has shown in this visit."""
    ours = [line.text for line in case.visit.lines if line.author is not Author.CUSTOMER]
    results = [json.dumps(result, ensure_ascii=False) for _, result in case.results]
    facts = [case.facts.ticket, case.facts.unlocked, case.visit.request.protocol]
    numbers = [contract.id for contract in case.facts.contracts]
    return fold(" | ".join([told, *ours, *results, *facts, *numbers]))
