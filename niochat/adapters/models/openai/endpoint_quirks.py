"""Quirks of endpoints: deviations from the common request format, learned from their refusals.

The patterns match the error messages of OpenAI, Azure, vLLM, SGLang, TGI, Ollama, LiteLLM,
llama.cpp, Mistral, Gemini, Anthropic and OpenRouter, and of the chat templates of Gemma, Mistral,
Llama and Qwen.
"""

import re
from collections.abc import Iterator
from enum import StrEnum

from niochat.adapters.models.openai.endpoint_refusals import EndpointRefusal


class EndpointQuirk(StrEnum):
    """A deviation of a model endpoint from the common request format. Tenants can set it
    explicitly.
    """

    COMPLETION_TOKENS = "completion_tokens"
    """``max_completion_tokens`` instead of ``max_tokens``."""
    NO_LIMIT = "no_limit"
    """Neither ``max_tokens`` nor ``max_completion_tokens``."""
    NO_TEMPERATURE = "no_temperature"
    NO_SEED = "no_seed"
    NO_PARALLEL = "no_parallel"
    """No ``parallel_tool_calls``."""
    NO_STREAM = "no_stream"
    NO_STREAM_USAGE = "no_stream_usage"
    """No ``stream_options``."""
    ONE_SYSTEM = "one_system"
    """One system message, at the start."""
    NO_SYSTEM = "no_system"
    """No system message: its text is put before the first message of the customer."""
    ALTERNATE = "alternate"
    """Roles alternate: the first message is the user's, the last one is not the assistant's. There
    is one system message, at the start.
    """
    TOOLS_AS_TEXT = "tools_as_text"
    """Earlier calls and their results are written into the texts of assistant and user."""
    TEXT_CONTENT = "text_content"
    """Empty content is an empty string instead of null."""
    SHORT_IDS = "short_ids"
    """Ids of calls have nine letters and digits."""
    TOOL_NAMES = "tool_names"
    """The result of a tool carries the name of the tool."""
    PLAIN_SCHEMAS = "plain_schemas"
    """Tools are described with the basic keywords of JSON Schema only."""
    SIGNATURES = "signatures"
    """Calls without the model's signature carry a marker in its place."""
    THINKING_BACK = "thinking_back"
    """The model's thinking is sent back with the call that followed it."""


_PLAINEST_QUIRKS = frozenset(
    {
        EndpointQuirk.NO_TEMPERATURE,
        EndpointQuirk.NO_SEED,
        EndpointQuirk.NO_PARALLEL,
        EndpointQuirk.NO_STREAM_USAGE,
        EndpointQuirk.ONE_SYSTEM,
        EndpointQuirk.ALTERNATE,
        EndpointQuirk.TEXT_CONTENT,
        EndpointQuirk.PLAIN_SCHEMAS,
    }
)
"""Quirks that hardly any endpoint refuses. They are tried after those that a refusal names."""
_BAD_REQUEST_STATUSES = frozenset({400, 404, 422, 424})
_TEMPLATE_ERROR_STATUSES = frozenset({500, 501})
"""llama.cpp and TGI respond with these statuses when a chat template fails."""
_UNRELATED = re.compile(
    r"context.?(length|window|size)|too (long|large|many tokens)|at most \d+ (completion )?tokens|"
    r"exceeds? (the|model|max)|content.?(filter|management|policy)|could not finish the message|"
    r"does not exist|model.{0,40}not found|quota|billing|credit balance|does not support tools|"
    r"enable-auto-tool-choice|api.?key",
    re.I,
)
"""Refusals that no other quirks can prevent."""
_QUIRKS_BY_FIELD = (
    (re.compile(r"parallel_tool_calls|disable_parallel_tool_use", re.I), EndpointQuirk.NO_PARALLEL),
    (re.compile(r"temperature", re.I), EndpointQuirk.NO_TEMPERATURE),
    (re.compile(r"\bseed\b", re.I), EndpointQuirk.NO_SEED),
    (re.compile(r"stream_options|include_usage", re.I), EndpointQuirk.NO_STREAM_USAGE),
    (re.compile(r"\bstream(ing)?\b|verified to (generate|stream)", re.I), EndpointQuirk.NO_STREAM),
)
_QUIRKS_BY_SENTENCE = (
    (
        re.compile(r"thought_?signature|reasoning details to be preserved", re.I),
        (EndpointQuirk.SIGNATURES,),
    ),
    (
        re.compile(r"reasoning_content|thinking.{0,40}(passed back|must be)", re.I),
        (EndpointQuirk.THINKING_BACK,),
    ),
    (
        re.compile(r"tool.?call.?id.{0,80}(length|a-z|pattern)|length of 9", re.I),
        (EndpointQuirk.SHORT_IDS,),
    ),
    (
        re.compile(
            r"function_response\.name|tool.{0,60}\bname\b.{0,40}(empty|required|missing)"
            r"|missing.{0,30}name.{0,30}tool",
            re.I,
        ),
        (EndpointQuirk.TOOL_NAMES,),
    ),
    (
        re.compile(
            r"function_declarations|json.?schema|schema for function|input_schema|"
            r"\bschemas?\b",
            re.I,
        ),
        (EndpointQuirk.PLAIN_SCHEMAS,),
    ),
    (
        re.compile(
            r"got system|system role|does not support 'system'|role.{0,20}system.{0,40}"
            r"(not|unsupported|invalid)|(not support|unsupported|unexpected).{0,20}system|"
            r"system messages? (must|should|need|has|have|can|may|is|are)|"
            r"(multiple|only one|more than one|second) system|developer instruction",
            re.I,
        ),
        (EndpointQuirk.ONE_SYSTEM, EndpointQuirk.ALTERNATE, EndpointQuirk.NO_SYSTEM),
    ),
    (
        re.compile(
            r"tool (role|message)s?.{0,40}(not|unsupported)|only user and assistant|"
            r"only user, (system and assistant|assistant and system)|"
            r"(unexpected|unsupported|invalid|unknown).{0,20}role.{0,10}tool|got tool",
            re.I,
        ),
        (EndpointQuirk.ALTERNATE, EndpointQuirk.TOOLS_AS_TEXT),
    ),
    (
        re.compile(
            r"alternat|roles? must|(first|last) (message|role)|unexpected role|"
            r"(end|start|begin)s? with a? ?(user|assistant)|prefill|immediately after a user|"
            r"2 or more assistant|(raise_exception|template|jinja)",
            re.I,
        ),
        (
            EndpointQuirk.ALTERNATE,
            EndpointQuirk.TOOLS_AS_TEXT,
            EndpointQuirk.NO_SYSTEM,
            EndpointQuirk.TEXT_CONTENT,
        ),
    ),
    (
        re.compile(
            r"content.{0,60}(null|none|empty|string|required|text)|nonetype|"
            r"text parameter",
            re.I,
        ),
        (EndpointQuirk.TEXT_CONTENT,),
    ),
)
_TOKENS = re.compile(r"max_(completion_)?tokens", re.I)
_WANTS_COMPLETION_TOKENS = re.compile(r"max_completion_tokens'? instead", re.I)


def next_quirks(
    refusal: EndpointRefusal, quirks: frozenset[EndpointQuirk]
) -> Iterator[frozenset[EndpointQuirk]]:
    """Sets of quirks to try next, the likeliest first. Some may not change the request at all."""
    message = f"{refusal.sentence} {refusal.param}"
    yield from (quirks | {quirk} for quirk in _quirks_named(message, quirks))
    if _TOKENS.search(message):
        yield from _token_limit_quirks(message, quirks)
    elif refusal.status in (400, 422):
        yield quirks | _PLAINEST_QUIRKS
        yield quirks | _PLAINEST_QUIRKS | {EndpointQuirk.TOOLS_AS_TEXT}


def is_quirk_refusal(refusal: EndpointRefusal) -> bool:
    """Whether a retry with other quirks can succeed."""
    if _UNRELATED.search(f"{refusal.sentence} {refusal.param}"):
        return False
    template = refusal.status in _TEMPLATE_ERROR_STATUSES and names_quirk(refusal)
    return refusal.status in _BAD_REQUEST_STATUSES or template


def names_quirk(refusal: EndpointRefusal) -> bool:
    """Whether the refusal names the quirk, so that it need not be guessed."""
    message = f"{refusal.sentence} {refusal.param}"
    return bool(_TOKENS.search(message)) or any(True for _ in _quirks_named(message, frozenset()))


def _quirks_named(message: str, quirks: frozenset[EndpointQuirk]) -> Iterator[EndpointQuirk]:
    for pattern, quirk in _QUIRKS_BY_FIELD:
        if quirk not in quirks and pattern.search(message):
            yield quirk
    for pattern, candidates in _QUIRKS_BY_SENTENCE:
        if pattern.search(message):
            yield from (quirk for quirk in candidates if quirk not in quirks)


def _token_limit_quirks(
    message: str, quirks: frozenset[EndpointQuirk]
) -> Iterator[frozenset[EndpointQuirk]]:
    newer = quirks | {EndpointQuirk.COMPLETION_TOKENS}
    older = quirks - {EndpointQuirk.COMPLETION_TOKENS}
    if EndpointQuirk.COMPLETION_TOKENS not in quirks or _WANTS_COMPLETION_TOKENS.search(message):
        yield newer
    else:
        yield older
    yield older | {EndpointQuirk.NO_LIMIT}
