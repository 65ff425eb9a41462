"""The last look at a text before it leaves: nothing is said to be done that no tool did, and
nothing is shown that the server did not find out. Whatever talked the model into it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

from niochat.assistant.case import Case
from niochat.assistant.claims import CLAIMS, GENERIC
from niochat.assistant.deeds import Deeds
from niochat.assistant.everyday_claims import EVERYDAY
from niochat.assistant.figures import Figure, FigureKind, figures_in, relative_days
from niochat.assistant.folding import fold
from niochat.assistant.known import EMAIL, LINK, Known, as_link
from niochat.assistant.languages import foreign
from niochat.assistant.number_words import in_digits
from niochat.assistant.opening import Opening
from niochat.assistant.pairs import mismatched
from niochat.assistant.provider_claims import is_due_day, is_sum, may_name, untold
from niochat.assistant.provider_facts import facts_text
from niochat.domain.document import find_tax_ids
from niochat.domain.provider_facts import ProviderFacts

_DRESS = str.maketrans("", "", "*_~`")
"""Marks of bold and italics, which would hide where a word begins."""
_IS = re.compile(r"\bé\b")
_SENTENCES = re.compile(r"(?:[^.!?…\n]|[.!?…]+(?=[^\s.!?…\"'»)]))+[.!?…\"'»)]*|\n")
_RUN = re.compile(r"([.!?…])\1{3,}")
_CLAUSE = re.compile(r"(.+?)([,:](?!\d)|[;!?]|\.(?!\d)|\b(?:e(?!-)|mas|porem|entao|pois)\b|$)")
_OPEN = re.compile(
    r"\b(nao|nem|nunca|nenhuma?|se|quando|assim que|apos|depois (que|de)|(?<![oue] )caso|posso|"
    r"podemos|vou|vamos|gostaria|quer|deseja|prefere|sera|serao|seria|(?<!acabou de )ser|seja|"
    r"sejam|for|forem|"
    r"precisa|preciso|eh \w+|sao \w+|para (ter|que|abrir|liberar)|pode(m|ria|riamos|ra)?|"
    r"consigo|conseguimos|(?<!consta )(?<!aparece )(?<!esta )(?<!marcada )como|tentei|tentamos|"
    r"tera|teria|falta|talvez|quem|"
    r"entendi que|voce (disse|informou|contou|falou|avisou) que|segundo voce|"
    r"sem (chamado|registro|confirmacao)|ate que|ate ser|antes de|so \w+ com|impossivel)\b"
)
"""A clause with one of these before its claim promises, asks, denies, or tells how things usually
go (``eh`` is *é*, told from *e*); it does not say that something is done.
"""
_SOOTHING = re.compile(
    r"\b(nao se preocupe|nao precisa se preocupar|(pode )?fi(car|que) tranquil\w+|"
    r"como (voce|vc) (pediu|solicitou|queria)|como (solicitado|prometido|combinado|pedido)|"
    r"(nao tem|sem) problemas?|se precisar|se quiser|quando (precisar|quiser)|"
    r"pode (conferir|testar|usar|ver|verificar|navegar|ficar em paz))\b( que| porque)?"
)
"""Words that would open a clause, but only dress the claim that follows them."""
_CONDITION = re.compile(
    r"\b(se|quando|(?<![oue] )caso|assim que|apos|depois (que|de)|posso|podemos|quer que|preciso|"
    r"basta|ao pagar|pagando|com o (pagamento|desbloqueio)|pelo pix|no pix|no boleto|pelo boleto)\b"
)
_HABIT = re.compile(
    r"\b(em seguida|automatic\w+|normalmente|geralmente|costumam?|sempre que|em geral|a cada|"
    r"uma vez (por|ao) mes|todo mes|na maioria)\b"
)
_DONE = re.compile(r"\b(ja|foi|foram|esta|estao|ficou|[a-z]+(?<!r)ei|[a-z]{2,}amos)\b")
_RECEIPT = re.compile(
    r"\bcomprovantes?( (de|do|da|deste|desse|dos|das)( seu| sua)? "
    r"(pagamentos?|pix|deposito|transferencia|boleto|fatura|conta|valor))+"
)
_KEY = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_NUMBER = re.compile(r"\d(?:[ .\-()]{0,2}\d){8,}|(?<!\d)(?!20\d\d-20)\d{4,5}-\d{4}(?!\d)")
_STREET_NAMES = (
    (re.compile(r"\bAv\.? (?=[A-Z\d])"), "Avenida "), (re.compile(r"\bR\. (?=[A-Z\d])"), "Rua "),
)  # fmt: skip
"""A dot that ends no sentence."""
_PIX = re.compile(r"000201\d\d")
_MACHINE = re.compile(
    r"[{}⟦⟧]|```|\btool_?calls?\b|situacao do atendimento|orientacao:|apresentar:"
)
_TOOL_NAME = re.compile(r"\b[a-z]{4,}_[a-z]{4,}\b")
"""No Portuguese word has an underscore; every tool's name has."""
_SENTENCE = re.compile(r"(?<=\.) ")
_LONG_RULE = 40
"""Characters from which a sentence of the prompt is its own, not everybody's Portuguese."""
_QUOTING = re.compile(
    r"\b(voce|vc)( me| nos| ja)? (disse|informou|enviou|mandou|pagou|citou|mencionou|pediu|mediu|"
    r"falou|relatou|comentou|escreveu|passou|quer|prefere|precisa|gostaria|testou|fez|perguntou|"
    r"sugeriu|indicou|digitou|comprovou|tem disponivel)\b|\binformad[oa]s?\b|\bcomprovante\b|"
    r"\b(recebi|anotei|anotad[oa]|entendi|mencionad[oa]|citad[oa]|relatad[oa]|sua mensagem|"
    r"nao (encontrei|localizei|achei|reconheco|consta)|sobre o (numero|pedido|protocolo|chamado)|"
    r"sua preferencia|seu teste|pedido de|por avisar|que (pagou|ligou|mandou|enviou|mediu))\b"
)
_PAY = re.compile(
    r"\b(chave|pague|pagar (em|na|no|para|pelo)|deposit\w+|transfira|fica em|sera de)\b"
)
_LACKING = re.compile(
    r"\bnao (temos|ha|existe|oferecemos|trabalhamos|consta|aparece|"
    r"vejo|atend\w+|abr\w+|funcion\w+|esta (na (nossa |minha )?lista|entre)|"
    r"tenho (informac\w+|como)|"
    r"(posso|consigo|podemos) (confirmar|garantir|prometer|aplicar|dar|oferecer))\b"
)
"""What the provider does not sell nobody has told."""
_COUNT = re.compile(r"\b(\d{1,2}) (faturas|boletos|contas|chamados|contratos)\b")
HOURS = "funcionamento"
"""Code of a sentence that is wrong about opening hours and closed days."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a text must not leave: a code, and the sentence that is not true."""

    code: str
    sentence: str


def untrue(
    text: str,
    case: Case,
    told: str,
    prompt_lines: tuple[str, ...],
    *,
    any_language: bool = False,
) -> Refusal | None:
    """Why the text must not leave; ``None``: it may.

    ``told`` is what the tenant itself told the model of its own: names, addresses, phones. Of a
    text in another language (``any_language``: it may be) figures and codes are looked at, claims
    of acts are not.
    """
    facts = facts_text(case.provider, case.visit.policy)
    deeds = Deeds(case)
    known = Known(deeds, told, facts)
    told = f"{told} | {facts}"
    code = _leaked(text, told, prompt_lines)
    if code is not None:
        return Refusal(code, _sentence_of(text, lambda each: _leaked(each, told, prompt_lines)))
    claimed = _claimed(text, deeds)
    if claimed is not None:
        return claimed
    folded = fold(text)
    for sentence in _sentences(text):
        bare = fold(sentence.translate(_DRESS))
        code = _unknown(sentence, known, deeds, folded) or _foreign(bare, case)
        if code is not None:
            return Refusal(code, sentence)
    code = _unknown_code(folded, known) or _foreign(folded, case)
    if code is not None:
        return Refusal(code, text)
    return Refusal("idioma", text) if not any_language and foreign(text) else None


def _sentences(text: str) -> Iterator[str]:
    for short, long in _STREET_NAMES:
        text = short.sub(long, text)
    for found in _SENTENCES.findall(_RUN.sub(r"\1\1\1", text)):
        if found.strip():
            yield found.strip()


def _sentence_of(text: str, wrong: object) -> str:
    assert callable(wrong)
    return next((each for each in _sentences(text) if wrong(each)), text)


def _claimed(text: str, deeds: Deeds) -> Refusal | None:
    plain = normalize("NFKC", text.translate(_DRESS))
    for sentence in _sentences(plain):
        folded = _RECEIPT.sub("comprovante", fold(_IS.sub("eh", sentence.casefold())))
        code = _claim_in(_SOOTHING.sub(",", folded), deeds)
        if code is not None:
            return Refusal(code, sentence)
    return None


def _claim_in(sentence: str, deeds: Deeds) -> str | None:
    supposed = False
    asked = sentence.rstrip("\"'») ").endswith("?")
    clauses = _CLAUSE.findall(sentence)
    for place, (clause, end) in enumerate(clauses):
        questions = end == "?" or (asked and place == len(clauses) - 1)
        held = False
        for claim in (*CLAIMS, *EVERYDAY, GENERIC) if not questions else ():
            found = claim.pattern.search(clause)
            if found is None or (claim is GENERIC and held):
                continue
            if claim.holds(deeds, clause):
                held = True
                continue
            upto = found.start() if claim.denies else found.end()
            if claim.code != "sem_fatura" and _OPEN.search(clause[:upto]):
                continue
            if (supposed or _HABIT.search(clause)) and not _DONE.search(clause):
                continue
            return claim.code
        # What follows an "if" may tell what would come; not what was done.
        supposed = supposed or _CONDITION.search(clause) is not None
    return None


def _leaked(text: str, told: str, prompt_lines: tuple[str, ...]) -> str | None:
    folded = fold(text)
    if _MACHINE.search(folded) or _TOOL_NAME.search(folded):
        return "interno"
    # The tenant's own CNPJ, or a phone of its that looks like a CPF, is no secret.
    bare = text.translate(_DRESS)
    if {*find_tax_ids(text), *find_tax_ids(bare)} - set(find_tax_ids(told)):
        return "documento"
    return "interno" if any(rule in folded for rule in _long_rules(prompt_lines)) else None


@lru_cache(maxsize=4)  # the prompt is one file
def _long_rules(prompt_lines: tuple[str, ...]) -> list[str]:
    rules = (fold(rule) for line in prompt_lines for rule in _SENTENCE.split(line.lstrip("- ")))
    return [rule for rule in rules if len(rule) >= _LONG_RULE]


def _unknown(sentence: str, known: Known, deeds: Deeds, whole: str) -> str | None:
    """Codes leave by tools alone; other figures only if they came from the server, or are quoted
    from what the customer wrote.
    """
    folded = fold(sentence)
    bare = fold(sentence.translate(_DRESS))
    code = _unknown_code(folded, known)
    if code is not None:
        return code
    quoting = _QUOTING.search(bare) is not None and _PAY.search(bare) is None
    for number in _NUMBER.findall(folded):
        digits = re.sub(r"[ .\-()]", "", number)
        if digits not in known.digits and not (quoting and digits in known.customers_digits):
            return "numero"
    if any(as_link(found) not in known.links for found in LINK.findall(folded)):
        return "link"
    if any(found.strip(".,;:!?)") not in known.emails for found in EMAIL.findall(folded)):
        return "email"
    if any(found not in known.text for found in _KEY.findall(folded)):
        return "chave"
    plain = bare
    for pattern in (LINK, EMAIL, _KEY, _NUMBER):
        bare = pattern.sub(" ", bare)
    figures = figures_in(bare)
    opening = _opening(deeds.case)
    speaks = opening.speaks(bare)
    return (
        _unknown_figure(bare, figures, known, quoting, deeds.case, opening if speaks else None)
        or _miscounted(bare, deeds)
        or mismatched(bare, figures, deeds)
        or untold(plain, figures, known, deeds, whole)
        or (HOURS if speaks and not bare.endswith("?") and opening.untrue(bare) else None)
    )


def _unknown_code(folded: str, known: Known) -> str | None:
    if _PIX.search(folded):
        return "codigo"
    # Portuguese is ASCII once folded; other alphabets have letters that only look like ours.
    if any(c.isalpha() and not c.isascii() and c not in known.text for c in folded):
        return "alfabeto"
    return None


def _unknown_figure(
    bare: str, figures: list[Figure], known: Known, quoting: bool, case: Case,
    opening: Opening | None,
) -> str | None:  # fmt: skip
    """``opening``: where the sentence is about that, its days and hours are judged elsewhere."""
    asked = bare.rstrip().endswith("?")
    lacking = _LACKING.search(bare) is not None
    for figure in figures:
        if lacking and figure.kind is FigureKind.SPEED:
            continue  # what is not sold nobody has told
        if _of_provider(bare, figure, known, case.provider, opening):
            continue
        theirs = quoting or asked or lacking
        if not known.has(figure) and not (theirs and known.customer_has(figure)):
            return str(figure.kind)
    for word, day in relative_days(bare, known.today) if not asked and opening is None else ():
        if not known.has_day(word, day) and not (quoting and word in known.customers_text):
            return str(FigureKind.DATE)
    return None


def _of_provider(
    bare: str, figure: Figure, known: Known, facts: ProviderFacts, opening: Opening | None
) -> bool:
    if opening is not None and figure.kind is FigureKind.DATE:
        return opening.dates(bare)
    if opening is not None and figure.kind is FigureKind.TIME:
        return opening.has_time(figure.value)
    return (
        is_due_day(bare, figure, facts)
        or is_sum(bare, figure, known, facts)
        or may_name(bare, figure, known, facts)
    )


def _opening(case: Case) -> Opening:
    visit = case.visit
    free = fold(" ".join(each.answer for each in case.provider.more))
    return Opening(visit.policy, visit.people, visit.now, free)


def _miscounted(bare: str, deeds: Deeds) -> str | None:
    """More invoices, tickets or contracts than were found."""
    if bare.rstrip().endswith("?") or _CONDITION.search(bare):
        return None
    for count, what in _COUNT.findall(in_digits(bare)):
        if what == "contratos":
            there = len(deeds.case.facts.contracts)
        elif what == "chamados":
            there = max((len(d.result.get("chamados", ())) for d in deeds.mine), default=0)
        else:
            there = deeds.most_invoices
        if int(count) > there:
            return "contagem"
    return None


def _foreign(folded: str, case: Case) -> str | None:
    """Who writes from a telephone that is not the holder's sees neither address nor whole name."""
    if case.facts.trusted:
        return None
    shop = fold(case.provider.address)
    for contract in case.facts.contracts:
        house = fold(contract.address.split(" - ")[0])
        street = house.split(",")[0]
        # The provider's shop may lie in the same street, and is no secret.
        shown = house if street in shop else street
        if len(street) > 5 and shown in folded:
            return "endereco"
    return "titular" if case.facts.name and fold(case.facts.name) in folded else None
