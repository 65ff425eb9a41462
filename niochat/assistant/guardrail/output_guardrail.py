"""The last check of a reply before it is sent.

A reply must not state an action that no tool did, nor show a value that the server does not know,
whatever the model was asked to write.
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
"""Marks of bold and italics, which would hide the start of a word."""
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
"""A clause with one of these words before its claim is a promise, a question, a denial or a general
statement; it does not state that something was done. (``eh`` stands for *é*, to tell it from *e*.)
"""
_SOOTHING = re.compile(
    r"\b(nao se preocupe|nao precisa se preocupar|(pode )?fi(car|que) tranquil\w+|"
    r"como (voce|vc) (pediu|solicitou|queria)|como (solicitado|prometido|combinado|pedido)|"
    r"(nao tem|sem) problemas?|se precisar|se quiser|quando (precisar|quiser)|"
    r"pode (conferir|testar|usar|ver|verificar|navegar|ficar em paz))\b( que| porque)?"
)
"""Words that match :data:`_OPEN` but do not weaken the claim that follows them."""
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
"""Abbreviations whose dot does not end a sentence."""
_PIX = re.compile(r"000201\d\d")
_MACHINE = re.compile(
    r"[{}⟦⟧]|```|\btool_?calls?\b|situacao do atendimento|orientacao:|apresentar:"
)
_TOOL_NAME = re.compile(r"\b[a-z]{4,}_[a-z]{4,}\b")
"""No Portuguese word has an underscore; the name of every tool has one."""
_SENTENCE = re.compile(r"(?<=\.) ")
_MIN_RULE_CHARS = 40
"""Shorter sentences of the prompt may also occur in ordinary Portuguese."""
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
"""The facts do not list what the provider does not sell, so such a value need not be known."""
_COUNT = re.compile(r"\b(\d{1,2}) (faturas|boletos|contas|chamados|contratos)\b")
HOURS_VIOLATION = "funcionamento"
"""Violation code of a sentence that is wrong about opening hours or closed days."""


@dataclass(frozen=True, slots=True)
class GuardrailViolation:
    """The code and the sentence for which a text must not be sent."""

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
    """Return the first violation in the text; ``None``: the text may be sent.

    ``persona_text``: the tenant's own texts for the model, such as names, addresses and phones.
    ``prompt_lines``: lines of the prompt that must not be quoted. ``any_language``: a text in
    another language is allowed; its values are checked, its claims are not.
    """
    facts = provider_facts_text(context.provider_facts, context.snapshot.policy)
    history = ToolCallHistory(context)
    known = KnownValues(history, persona_text, facts)
    persona_text = f"{persona_text} | {facts}"
    code = _leak_code(text, persona_text, prompt_lines)
    if code is not None:
        return GuardrailViolation(
            code,
            _first_violating_sentence(
                text, lambda each: _leak_code(each, persona_text, prompt_lines)
            ),
        )
    false_claim = _find_false_claim(text, history)
    if false_claim is not None:
        return false_claim
    folded = fold(text)
    for sentence in _split_sentences(text):
        bare = fold(sentence.translate(_EMPHASIS_MARKS))
        code = _unknown_value_code(sentence, known, history, folded) or _third_party_code(
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


def _first_violating_sentence(text: str, is_violation: object) -> str:
    assert callable(is_violation)
    return next((each for each in _split_sentences(text) if is_violation(each)), text)


def _find_false_claim(text: str, history: ToolCallHistory) -> GuardrailViolation | None:
    plain = normalize("NFKC", text.translate(_EMPHASIS_MARKS))
    for sentence in _split_sentences(plain):
        folded = _RECEIPT.sub("comprovante", fold(_IS.sub("eh", sentence.casefold())))
        code = _false_claim_code(_SOOTHING.sub(",", folded), history)
        if code is not None:
            return GuardrailViolation(code, sentence)
    return None


def _false_claim_code(sentence: str, history: ToolCallHistory) -> str | None:
    hypothetical = False
    ends_in_question = sentence.rstrip("\"'») ").endswith("?")
    clauses = _CLAUSE.findall(sentence)
    for index, (clause, end) in enumerate(clauses):
        is_question = end == "?" or (ends_in_question and index == len(clauses) - 1)
        supported = False
        for claim in (*ACTION_CLAIMS, *COMMON_CLAIMS, GENERIC_CLAIM) if not is_question else ():
            found = claim.pattern.search(clause)
            if found is None or (claim is GENERIC_CLAIM and supported):
                continue
            if claim.is_supported(history, clause):
                supported = True
                continue
            upto = found.start() if claim.includes_negation else found.end()
            if claim.code != "sem_fatura" and _OPEN.search(clause[:upto]):
                continue
            if (hypothetical or _HABIT.search(clause)) and not _DONE.search(clause):
                continue
            return claim.code
        # What follows an "if" describes what would happen, not what was done.
        hypothetical = hypothetical or _CONDITION.search(clause) is not None
    return None


def _leak_code(text: str, tenant_text: str, prompt_lines: tuple[str, ...]) -> str | None:
    folded = fold(text)
    if _MACHINE.search(folded) or _TOOL_NAME.search(folded):
        return "interno"
    # The tenant's own CNPJ, or a phone number that looks like a CPF, is public.
    bare = text.translate(_EMPHASIS_MARKS)
    if {*find_tax_ids(text), *find_tax_ids(bare)} - set(find_tax_ids(tenant_text)):
        return "documento"
    return "interno" if any(rule in folded for rule in _long_rules(prompt_lines)) else None


@lru_cache(maxsize=4)  # all tenants share one prompt file
def _long_rules(prompt_lines: tuple[str, ...]) -> list[str]:
    rules = (fold(rule) for line in prompt_lines for rule in _SENTENCE.split(line.lstrip("- ")))
    return [rule for rule in rules if len(rule) >= _MIN_RULE_CHARS]


def _unknown_value_code(
    sentence: str, known: KnownValues, history: ToolCallHistory, whole: str
) -> str | None:
    """Return the violation code for values in a sentence that the server does not know.

    Payment codes are sent by tools only. Other values must come from the server or be quoted from
    the customer.
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
    about_hours = opening.is_about_hours(bare)
    return (
        _unknown_quantity_code(
            bare, figures, known, quoting, history.context, opening if about_hours else None
        )
        or _miscount_code(bare, history)
        or find_mismatch(bare, figures, history)
        or find_unsupported_fact(plain, figures, known, history, whole)
        or (
            HOURS_VIOLATION
            if about_hours and not bare.endswith("?") and opening.is_contradicted(bare)
            else None
        )
    )


def _unknown_payment_code(folded: str, known: KnownValues) -> str | None:
    if _PIX.search(folded):
        return "codigo"
    # Folded Portuguese is ASCII; other alphabets have letters that look like Latin ones.
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
    """``opening``: set if the sentence is about hours; that check then judges its
    days and times.
    """
    is_question = bare.rstrip().endswith("?")
    lacking = _LACKING.search(bare) is not None
    for figure in figures:
        if lacking and figure.kind is QuantityKind.SPEED:
            continue  # the facts do not list speeds that are not sold
        if _is_provider_value(bare, figure, known, context.provider_facts, opening):
            continue
        may_quote_customer = quoting or is_question or lacking
        if not known.has_quantity(figure) and not (
            may_quote_customer and known.has_customer_quantity(figure)
        ):
            return str(figure.kind)
    for word, day in (
        extract_relative_days(bare, known.today) if not is_question and opening is None else ()
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
    snapshot = context.snapshot
    answers = fold(" ".join(each.answer for each in context.provider_facts.more))
    return OpeningHoursCheck(snapshot.policy, snapshot.staff_availability, snapshot.now, answers)


def _miscount_code(bare: str, history: ToolCallHistory) -> str | None:
    """Check that the text does not count more invoices, tickets or contracts than were found."""
    if bare.rstrip().endswith("?") or _CONDITION.search(bare):
        return None
    for count, what in _COUNT.findall(words_to_digits(bare)):
        if what == "contratos":
            known_count = len(history.context.facts.contracts)
        elif what == "chamados":
            known_count = max(
                (len(d.result.get("chamados", ())) for d in history.contract_records), default=0
            )
        else:
            known_count = history.max_invoice_count
        if int(count) > known_count:
            return "contagem"
    return None


def _third_party_code(folded: str, context: TurnContext) -> str | None:
    """Check that address and full name are only shown to a phone number of the subscriber."""
    if context.facts.trusted:
        return None
    shop_address = fold(context.provider_facts.address)
    for contract in context.facts.contracts:
        address = fold(contract.address.split(" - ")[0])
        street = address.split(",")[0]
        # The provider's shop may be in the same street, and its address is public.
        shown = address if street in shop_address else street
        if len(street) > 5 and shown in folded:
            return "endereco"
    return "titular" if context.facts.name and fold(context.facts.name) in folded else None
