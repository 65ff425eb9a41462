"""Compare what a folded sentence says about places with the provider's coverage lists."""

import re
from collections.abc import Iterator

from niochat.assistant.tool_history import ToolCallHistory
from niochat.domain.tenant.provider_facts import NetworkCoverage

COVERAGE_VIOLATION = "cobertura"
"""Violation code of a sentence that contradicts the coverage."""
_COVERS = re.compile(
    r"\b(?:atende(?:mos|m)?|cobr(?:e|imos)|chega(?:mos)?|"
    r"(?:temos|tem|ha|existe|possuimos) (?:sim )?(?:cobertura|viabilidade|disponibilidade|rede|"
    r"fibra|sinal|atendimento)|cobertura|disponivel|inclusive|nem)\b"
    r"(?: sim)?,? (?:(?P<in>em|no|na|nos|nas|ao|a|o|os|as) )?"
    r"(?:(?:bairro|regiao|cidade|cep|municipio)(?: d[eoa])? )?"
    r"(?P<place>[a-z0-9][a-z0-9' -]*?)(?=[,.;!?(]| sim\b| mas\b| com\b| por\b| pelo\b| ainda\b|$)"
)
_PLACE_FIRST = re.compile(
    r"\b(?:em|no|na|nos|nas) (?P<place>[a-z][a-z' ]*?),? (?:a gente )?(?:ainda |tambem |ja )*"
    r"(?P<not>nao )?(?:(?:temos|tem|ha) (?:cobertura|viabilidade|rede|fibra|sinal)|"
    r"atendemos|atende|chegamos|chega|cobrimos|e atendid[oa])\b"
)
_NO_PLACE = re.compile(
    r"\b\d{1,2}(?:h|:\d\d)|^(?:d[eao]s?|ate|todos|aos|somente|so|apenas|pel[oa]|por|hoje|amanha|clientes|assinantes|"
    r"com|tambem|e|que|quem|voce|seu pedido|24)\b|"
    r"\b(?:whatsapp|telefone|lojas?|horario|comercial|rua|endereco da|site|aplicativo|"
    r"seguida|breve|portugues|dias?|caso|humano|pessoas|equipe|tecnic\w+|minutos|pix|boleto|"
    r"segunda|terca|quarta|quinta|sexta|sabado|domingo|feriados?|fidelidade|contrato)\b"
)
_THEIRS = re.compile(r"\b(?:sua|seu|essa|esse|esta|este|nessa|nesse|ai|la|aqui|toda)\b")
_WHOLE = re.compile(r"\btod[oa]s? (?:os bairros|a cidade|o municipio) d[eoa] (.+)")
_CEP = re.compile(r"(?<!\d)\d{5}-?\d{3}(?!\d)")
_NOT = re.compile(r"\b(?:nao|nem|fora d[aeo]|sem)\b")
_UNSURE = re.compile(
    r"\b(?:se|posso|podemos|vou|preciso|precisa|quer|informe|consult\w+|verific\w+)\b"
)


def contradicts_coverage(sentence: str, history: ToolCallHistory) -> bool:
    """Whether a sentence calls an uncovered place covered, or the reverse."""
    coverage = history.context.provider_facts.coverage
    if not coverage.places and not coverage.ceps:
        return False
    if any(re.search("cobertura|viabilidade", record.tool) for record in history.records):
        return False
    return any(
        covered is not None and stated is not covered
        for stated, covered in _stated_coverage(sentence, coverage, history)
    )


def _stated_coverage(
    sentence: str, coverage: NetworkCoverage, history: ToolCallHistory
) -> Iterator[tuple[bool, bool | None]]:
    """(stated as covered, is covered) for each place in the sentence."""
    for found in _PLACE_FIRST.finditer(sentence):
        if not _NO_PLACE.search(found["place"]) and not _THEIRS.search(found["place"]):
            yield found["not"] is None, coverage.covers_named_place(found["place"])
    for found in _COVERS.finditer(sentence):
        place, before = found["place"].strip(), sentence[: found.start()]
        everywhere = _WHOLE.search(place)
        if everywhere:
            yield not _NOT.search(before[-25:]), coverage.covers_named_place(everywhere[1]) or False
            continue
        if _NO_PLACE.search(place) or _UNSURE.search(before):
            continue
        stated = not _NOT.search(f"{before[-25:]}{found[0][:4]}")
        ceps = _CEP.findall(place)
        if ceps:
            yield from ((stated, coverage.covers_cep(cep)) for cep in ceps)
        elif _THEIRS.search(f"{found['in'] or ''} {place}"):
            yield (
                stated,
                _is_customer_place_covered(coverage, history) or (False if stated else None),
            )
        else:
            covered = coverage.covers_named_place(place)
            if covered is None and not coverage.places:
                covered = _is_customer_place_covered(coverage, history) or False
            yield stated, covered if found["in"] or stated else (covered or None)


def _is_customer_place_covered(coverage: NetworkCoverage, history: ToolCallHistory) -> bool | None:
    """Whether a place or CEP that the customer named is covered; ``None``: none was named."""
    texts = " | ".join(history.context.snapshot.customer_texts)
    ceps = [coverage.covers_cep(cep) for cep in _CEP.findall(texts)]
    if ceps and None not in ceps:
        return any(ceps)
    return coverage.covers_named_place(texts) or None
