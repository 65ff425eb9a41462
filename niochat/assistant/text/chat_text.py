"""Convert a model's text for WhatsApp: remove reasoning, control tokens, markdown and HTML."""

import html
import re

MAX_MESSAGE_CHARS = 4096
"""The maximum length of one WhatsApp message."""

_THOUGHT = r"think|thinking|thought|reasoning|reflection|scratchpad|analysis"
_THINKING = re.compile(rf"<({_THOUGHT})\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_ENDLESS = re.compile(rf"<(?:{_THOUGHT})\b[^>]*>.*\Z", re.IGNORECASE | re.DOTALL)
_BEGUN = re.compile(rf"\A.*</(?:{_THOUGHT})\s*>", re.IGNORECASE | re.DOTALL)
_CHANNEL = re.compile(
    r"(?:<\|start\|>\s*assistant\s*)?<\|channel\|>\s*(\w+)[^<]*<\|message\|>(.*?)"
    r"(?=<\|(?:end|return|call|start|channel)\|>|\Z)",
    re.DOTALL,
)
_HEADER = re.compile(r"<\|start_header_id\|>.*?<\|end_header_id\|>|<\|im_start\|>\s*\w*")
_MARK = re.compile(
    r"<\|[^|<>]{1,40}\|>|</?s>|\[/?INST\]|</?(?:start|end)_of_turn>(?:model|user)?|<unused\d+>|"
    r"<(?:bos|eos|pad)>|\[(?:EOS|BOS)\]"
)
_SPEAKER = re.compile(r"\A\s*(?:assistant|assistente|resposta final|final answer)\s*:\s*", re.I)
_TAGS = (
    (re.compile(r"<br\s*/?>|</(?:p|div|tr|h\d|ul|ol|table)>", re.I), "\n"),
    (re.compile(r"<li\b[^>]*>", re.I), "\n- "),
    (re.compile(r"<(b|strong|h\d)\b[^>]*>\s*(.*?)\s*(?:</\1>|$)", re.I | re.M), r"*\2*"),
    (re.compile(r"<(i|em)\b[^>]*>\s*(.*?)\s*</\1>", re.I | re.S), r"_\2_"),
    (re.compile(r"<(s|del|strike)\b[^>]*>\s*(.*?)\s*</\1>", re.I | re.S), r"~\2~"),
    (
        re.compile(
            r"</?(?:t[dhr]|table|tbody|thead|p|div|span|ul|ol|li|a|b|strong|i|em|s|del|u|font|"
            r"html|body|center|small|code|pre|h\d|img|hr|blockquote)\b[^<>]*>",
            re.I,
        ),
        " ",
    ),
)
_ENTITY = re.compile(r"&(?:#\d{1,6}|#x[\da-f]{1,5}|[a-z]{2,8});", re.I)
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+(.+?)[ \t#]*$", re.M)
_RULE = re.compile(r"^[ \t]*(?:[-*_][ \t]*){3,}$\n?", re.M)
_BULLET = re.compile(r"^([ \t]*)[*+][ \t]+(?=\S)", re.M)
_BOLD = re.compile(r"(?<![\w*])(\*{2,3}|__)(?=[^\s*])(.+?)(?<=[^\s*])\1(?!\*)", re.S)
"""The pattern does not match the stars of a masked name, ``M**** d* S****``."""
_STRUCK = re.compile(r"~~(?=\S)(.+?)(?<=\S)~~")
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^)\n]*\)")
_LINK = re.compile(r"\[([^\]\n]+)\]\((https?://[^)\s]+)\)")
_ESCAPE = re.compile(r"\\([*_~#\[\]().!>|-])")
_TABLE_LINE = re.compile(r"^[ \t]*\|(.+)\|[ \t]*$")
_TABLE_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$")
_SENTENCE = re.compile(r"\S.*?(?:[.!?…]+[\"'»)*_]*(?=\s|$)|$)", re.M)
_RUN = re.compile(r"([.!?…])\1{3,}")
_MIN_REPEATED_CHARS = 20
"""A repeated sentence of at least this length is a mistake of the model; a short one
may be meant.
"""


def to_chat_text(text: str) -> str:
    """Convert the text for the customer; the result may be empty."""
    text = _RUN.sub(r"\1\1\1", strip_model_markup(text))
    for tag, replacement in _TAGS:
        text = tag.sub(replacement, text)
    text = _ENTITY.sub(lambda found: html.unescape(found[0]).replace("\xa0", " "), text)
    text = _convert_markdown(_flatten_tables(text))
    text = _drop_repeated_sentences(text)
    text = re.sub(r"[ \t]+\n", "\n", re.sub(r"(?<=\S)[ \t]{2,}", " ", text))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def strip_model_markup(text: str) -> str:
    """Remove the model's reasoning and its turn and channel tokens."""
    text = _ENDLESS.sub("", _THINKING.sub("", text))
    text = _BEGUN.sub("", text)
    channels = _CHANNEL.findall(text)
    if channels:
        text = "\n".join(content for name, content in channels if name == "final")
    return _SPEAKER.sub("", _MARK.sub("", _HEADER.sub("", text))).strip()


def split_into_messages(text: str, limit: int = MAX_MESSAGE_CHARS) -> list[str]:
    """Split the text into parts of at most ``limit`` characters.

    It is split between paragraphs, and a longer paragraph at lines, sentences or words. Nothing is
    dropped.
    """
    return _split_text(text, limit, ("\n\n", "\n", "(?<=[.!?…]) ", " "))


def is_incomplete(text: str) -> bool:
    """Whether the text ends in the middle of a sentence."""
    return bool(re.search(r"[\w,;:(\-–]$", text.rstrip()))


def drop_incomplete_sentence(text: str) -> str:
    """Drop the incomplete sentence at the end; empty if no sentence is complete."""
    ends = [found.end() for found in re.finditer(r"(?<!\d)[.!?…]+[\"'»)*_]*(?=\s|$)|\n", text)]
    return text[: ends[-1]].rstrip() if ends else ""


def _flatten_tables(text: str) -> str:
    lines: list[str] = []
    for line in text.split("\n"):
        row = _TABLE_LINE.match(line)
        if "|" in line and _TABLE_RULE.match(line):
            if lines and not lines[-1].startswith("*"):
                lines[-1] = f"*{lines[-1]}*" if lines[-1] else ""
        elif row:
            lines.append(" - ".join(cell for each in row[1].split("|") if (cell := each.strip())))
        else:
            lines.append(line)
    return "\n".join(lines)


def _convert_markdown(text: str) -> str:
    text = _RULE.sub("", text)
    text = _HEADING.sub(lambda found: f"*{found[1].strip('*_ ')}*", text)
    text = _BULLET.sub(r"\1- ", text)
    text = _BOLD.sub(lambda found: f"*{found[2].strip('*')}*", text)
    text = _STRUCK.sub(r"~\1~", text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(lambda f: f[2] if f[1].strip() == f[2] else f"{f[1]}: {f[2]}", text)
    return _ESCAPE.sub(r"\1", text)


def _drop_repeated_sentences(text: str) -> str:
    """Keep only the first occurrence of a long sentence."""
    seen: set[str] = set()

    def once(found: re.Match[str]) -> str:
        sentence = " ".join(found[0].casefold().split())
        if len(sentence) >= _MIN_REPEATED_CHARS and sentence in seen:
            return ""
        seen.add(sentence)
        return found[0]

    return _SENTENCE.sub(once, text)


def _split_text(text: str, limit: int, marks: tuple[str, ...]) -> list[str]:
    if len(text) <= limit:
        return [text] if text.strip() else []
    if not marks:
        return [text[start : start + limit] for start in range(0, len(text), limit)]
    separator = marks[0] if "\\" not in marks[0] and "(" not in marks[0] else " "
    parts: list[str] = []
    for piece in re.split(marks[0], text):
        if parts and len(parts[-1]) + len(separator) + len(piece) <= limit:
            parts[-1] += separator + piece
        else:
            parts += _split_text(piece.strip("\n"), limit, marks[1:])
    return parts
