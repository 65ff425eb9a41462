"""The last look at a text before it leaves: nothing is said to be done that no tool did, and
nothing is shown that the server did not find out. Whatever talked the model into it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

from niochat.assistant.guardrail.action_claims import ACTION_CLAIMS, GENERIC_CLAIM
from niochat.assistant.guardrail.amount_pair_check import find_mismatch
from niochat.assistant.guardrail.common_claims import COMMON_CLAIMS
from niochat.assistant.guardrail.known_values import (
    EMAIL_PATTERN,
    LINK_PATTERN,
    KnownValues,
    normalize_link,
)
from niochat.assistant.guardrail.opening_hours.opening_hours_check import OpeningHoursCheck
from niochat.assistant.guardrail.provider_facts_check import (
    find_unsupported_fact,
    is_allowed_cep,
    is_due_day,
    is_fee_sum,
)
from niochat.assistant.prompt.provider_prompt import provider_facts_text
from niochat.assistant.text.language_detection import is_foreign_language
from niochat.assistant.text.number_words import words_to_digits
from niochat.assistant.text.quantities import (
    Quantity,
    QuantityKind,
    extract_quantities,
    extract_relative_days,
)
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.tool_history import ToolCallHistory
from niochat.assistant.turn_context import TurnContext
from niochat.domain.tax_id import find_tax_ids
from niochat.domain.tenant.provider_facts import ProviderFacts

_EMPHASIS_MARKS = str.maketrans("", "", "*_~`")
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
    (re.compile(r"\bAv\.? (?=[A-Z\d])"), "Avenida "),
    (re.compile(r"\bR\. (?=[A-Z\d])"), "Rua "),
)
"""A dot that ends no sentence."""
_PIX = re.compile(r"000201\d\d")
_MACHINE = re.compile(
    r"[{}⟦⟧]|```|\btool_?calls?\b|situacao do atendimento|orientacao:|apresentar:"
)
_TOOL_NAME = re.compile(r"\b[a-z]{4,}_[a-z]{4,}\b")
"""No Portuguese word has an underscore; every tool's name has."""
_SENTENCE = re.compile(r"(?<=\.) ")
_MIN_RULE_CHARS = 40
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
HOURS_VIOLATION = "funcionamento"
"""Code of a sentence that is wrong about opening hours and closed days."""


@dataclass(frozen=True, slots=True)
class GuardrailViolation:
    """Why a text must not leave: a code, and the sentence that is not true."""

    code: str
    sentence: str


def find_violation(
    text: str,
    context: TurnContext,
    persona_text: str,
    prompt_lines: tuple[str, ...],
    *,
    any_language: bool = False,
) -> GuardrailViolation | None:
    """Why the text must not leave; ``None``: it may.

    ``told`` is what the tenant itself told the model of its own: names, addresses, phones. Of a
    text in another language (``any_language``: it may be) figures and codes are looked at, claims
    of acts are not.
    """
    facts = provider_facts_text(context.provider_facts, context.snapshot.policy)
    deeds = ToolCallHistory(context)
    known = KnownValues(deeds, persona_text, facts)
    persona_text = f"{persona_text} | {facts}"
    code = _leak_code(text, persona_text, prompt_lines)
    if code is not None:
        return GuardrailViolation(
            code,
            _first_violating_sentence(
                text, lambda each: _leak_code(each, persona_text, prompt_lines)
            ),
        )
    claimed = _find_false_claim(text, deeds)
    if claimed is not None:
        return claimed
    folded = fold(text)
    for sentence in _split_sentences(text):
        bare = fold(sentence.translate(_EMPHASIS_MARKS))
        code = _unknown_value_code(sentence, known, deeds, folded) or _third_party_code(
            bare, context
        )
        if code is not None:
            return GuardrailViolation(code, sentence)
    code = _unknown_payment_code(folded, known) or _third_party_code(folded, context)
    if code is not None:
        return GuardrailViolation(code, text)
    return (
        GuardrailViolation("idioma", text)
        if not any_language and is_foreign_language(text)
        else None
    )


def _split_sentences(text: str) -> Iterator[str]:
    for short, long in _STREET_NAMES:
        text = short.sub(long, text)
    for found in _SENTENCES.findall(_RUN.sub(r"\1\1\1", text)):
        if found.strip():
            yield found.strip()


def _first_violating_sentence(text: str, wrong: object) -> str:
    assert callable(wrong)
    return next((each for each in _split_sentences(text) if wrong(each)), text)


def _find_false_claim(text: str, history: ToolCallHistory) -> GuardrailViolation | None:
    plain = normalize("NFKC", text.translate(_EMPHASIS_MARKS))
    for sentence in _split_sentences(plain):
        folded = _RECEIPT.sub("comprovante", fold(_IS.sub("eh", sentence.casefold())))
        code = _false_claim_code(_SOOTHING.sub(",", folded), history)
        if code is not None:
            return GuardrailViolation(code, sentence)
    return None


def _false_claim_code(sentence: str, history: ToolCallHistory) -> str | None:
    supposed = False
    asked = sentence.rstrip("\"'») ").endswith("?")
    clauses = _CLAUSE.findall(sentence)
    for place, (clause, end) in enumerate(clauses):
        questions = end == "?" or (asked and place == len(clauses) - 1)
        held = False
        for claim in (*ACTION_CLAIMS, *COMMON_CLAIMS, GENERIC_CLAIM) if not questions else ():
            found = claim.pattern.search(clause)
            if found is None or (claim is GENERIC_CLAIM and held):
                continue
            if claim.is_supported(history, clause):
                held = True
                continue
            upto = found.start() if claim.includes_negation else found.end()
            if claim.code != "sem_fatura" and _OPEN.search(clause[:upto]):
                continue
            if (supposed or _HABIT.search(clause)) and not _DONE.search(clause):
                continue
            return claim.code
        # What follows an "if" may tell what would come; not what was done.
        supposed = supposed or _CONDITION.search(clause) is not None
    return None


def _leak_code(text: str, told: str, prompt_lines: tuple[str, ...]) -> str | None:
    folded = fold(text)
    if _MACHINE.search(folded) or _TOOL_NAME.search(folded):
        return "interno"
    # The tenant's own CNPJ, or a phone of its that looks like a CPF, is no secret.
    bare = text.translate(_EMPHASIS_MARKS)
    if {*find_tax_ids(text), *find_tax_ids(bare)} - set(find_tax_ids(told)):
        return "documento"
    return "interno" if any(rule in folded for rule in _long_rules(prompt_lines)) else None


@lru_cache(maxsize=4)  # the prompt is one file
def _long_rules(prompt_lines: tuple[str, ...]) -> list[str]:
    rules = (fold(rule) for line in prompt_lines for rule in _SENTENCE.split(line.lstrip("- ")))
    return [rule for rule in rules if len(rule) >= _MIN_RULE_CHARS]


def _unknown_value_code(
    sentence: str, known: KnownValues, history: ToolCallHistory, whole: str
) -> str | None:
    """Codes leave by tools alone; other figures only if they came from the server, or are quoted
    from what the customer wrote.
    """
    folded = fold(sentence)
    bare = fold(sentence.translate(_EMPHASIS_MARKS))
    code = _unknown_payment_code(folded, known)
    if code is not None:
        return code
    quoting = _QUOTING.search(bare) is not None and _PAY.search(bare) is None
    for number in _NUMBER.findall(folded):
        digits = re.sub(r"[ .\-()]", "", number)
        if digits not in known.digits and not (quoting and digits in known.customer_digits):
            return "numero"
    if any(normalize_link(found) not in known.links for found in LINK_PATTERN.findall(folded)):
        return "link"
    if any(found.strip(".,;:!?)") not in known.emails for found in EMAIL_PATTERN.findall(folded)):
        return "email"
    if any(found not in known.text for found in _KEY.findall(folded)):
        return "chave"
    plain = bare
    for pattern in (LINK_PATTERN, EMAIL_PATTERN, _KEY, _NUMBER):
        bare = pattern.sub(" ", bare)
    figures = extract_quantities(bare)
    opening = _opening_hours_check(history.context)
    speaks = opening.is_about_hours(bare)
    return (
        _unknown_quantity_code(
            bare, figures, known, quoting, history.context, opening if speaks else None
        )
        or _miscount_code(bare, history)
        or find_mismatch(bare, figures, history)
        or find_unsupported_fact(plain, figures, known, history, whole)
        or (
            HOURS_VIOLATION
            if speaks and not bare.endswith("?") and opening.is_contradicted(bare)
            else None
        )
    )


def _unknown_payment_code(folded: str, known: KnownValues) -> str | None:
    if _PIX.search(folded):
        return "codigo"
    # Portuguese is ASCII once folded; other alphabets have letters that only look like ours.
    if any(c.isalpha() and not c.isascii() and c not in known.text for c in folded):
        return "alfabeto"
    return None


def _unknown_quantity_code(
    bare: str,
    figures: list[Quantity],
    known: KnownValues,
    quoting: bool,
    context: TurnContext,
    opening: OpeningHoursCheck | None,
) -> str | None:
    """``opening``: where the sentence is about that, its days and hours are judged elsewhere."""
    asked = bare.rstrip().endswith("?")
    lacking = _LACKING.search(bare) is not None
    for figure in figures:
        if lacking and figure.kind is QuantityKind.SPEED:
            continue  # what is not sold nobody has told
        if _is_provider_value(bare, figure, known, context.provider_facts, opening):
            continue
        theirs = quoting or asked or lacking
        if not known.has_quantity(figure) and not (theirs and known.has_customer_quantity(figure)):
            return str(figure.kind)
    for word, day in (
        extract_relative_days(bare, known.today) if not asked and opening is None else ()
    ):
        if not known.has_day(word, day) and not (quoting and word in known.customer_text):
            return str(QuantityKind.DATE)
    return None


def _is_provider_value(
    bare: str,
    figure: Quantity,
    known: KnownValues,
    facts: ProviderFacts,
    opening: OpeningHoursCheck | None,
) -> bool:
    if opening is not None and figure.kind is QuantityKind.DATE:
        return opening.has_opening_dates(bare)
    if opening is not None and figure.kind is QuantityKind.TIME:
        return opening.is_shift_boundary(figure.value)
    return (
        is_due_day(bare, figure, facts)
        or is_fee_sum(bare, figure, known, facts)
        or is_allowed_cep(bare, figure, known, facts)
    )


def _opening_hours_check(context: TurnContext) -> OpeningHoursCheck:
    visit = context.snapshot
    free = fold(" ".join(each.answer for each in context.provider_facts.more))
    return OpeningHoursCheck(visit.policy, visit.staff_availability, visit.now, free)


def _miscount_code(bare: str, history: ToolCallHistory) -> str | None:
    """More invoices, tickets or contracts than were found."""
    if bare.rstrip().endswith("?") or _CONDITION.search(bare):
        return None
    for count, what in _COUNT.findall(words_to_digits(bare)):
        if what == "contratos":
            there = len(history.context.facts.contracts)
        elif what == "chamados":
            there = max(
                (len(d.result.get("chamados", ())) for d in history.contract_records), default=0
            )
        else:
            there = history.max_invoice_count
        if int(count) > there:
            return "contagem"
    return None


def _third_party_code(folded: str, context: TurnContext) -> str | None:
    """Who writes from a telephone that is not the holder's sees neither address nor whole name."""
    if context.facts.trusted:
        return None
    shop = fold(context.provider_facts.address)
    for contract in context.facts.contracts:
        house = fold(contract.address.split(" - ")[0])
        street = house.split(",")[0]
        # The provider's shop may lie in the same street, and is no secret.
        shown = house if street in shop else street
        if len(street) > 5 and shown in folded:
            return "endereco"
    return "titular" if context.facts.name and fold(context.facts.name) in folded else None
