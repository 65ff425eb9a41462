"""Says whether a text evaluates the service, for requests that ask for this in JSON."""

import json
import re

from niochat_sandbox.scripted_model.chat_request import ChatRequest
from niochat_sandbox.scripted_model.fixed_replies import extract_text
from niochat_sandbox.scripted_model.keyword_matching import (
    normalize_text,
    parse_intent,
)

_REQUESTED_FORM = '"tipo": "avaliacao"'
_SCORES = (
    (1, r"\bpessim|\bhorrivel|mal[- ]educad|nao resolv"),
    (2, r"\bdemor|\bfraco|\bruim"),
    (5, r"\botim|\bexcelent|\bador|maravilh|\bperfeit|super atencios"),
    (4, r"\bgost|\bboa?\b|\brapid|\batencios|\beducad|\bresolv|\bsimpatic"),
    (None, r"\batendimento\b|\batendente\b|\bmoc[oa]\b"),
)


def judge_evaluation(request: ChatRequest) -> str | None:
    """The JSON that was asked for; ``None`` if the request asks for something else."""
    first = request.messages[0]
    if request.tools or _REQUESTED_FORM not in extract_text(first.get("content")):
        return None
    text = normalize_text(extract_text(request.messages[-1].get("content")))
    if parse_intent(text) is None:
        for score, pattern in _SCORES:
            if re.search(pattern, text):
                return json.dumps({"tipo": "avaliacao", "nota": score})
    return json.dumps({"tipo": "outra"})
