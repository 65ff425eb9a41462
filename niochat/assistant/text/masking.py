"""Documents in the calls that a turn keeps: only their last two characters.

A call that was cut off is shown to the model again. Its document is put back from what the customer
wrote, which the model reads anyway.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

DOCUMENT_ARGUMENT = "cpf_cnpj"
"""Arguments of tools that are a document."""
_NUMBER = re.compile(r"\d(?:[ .\-/]{0,3}\d){10,}")
"""Eleven digits or more, however people part them: a document, or what is as much of somebody."""


def mask_arguments(arguments: object) -> object:
    """Arguments as they are kept; text that was no JSON too."""
    return _map_texts(arguments, _mask_document, mask_text)


def mask_text(text: str) -> str:
    """A text with every number in it that may be a document masked."""
    return _NUMBER.sub(lambda found: _mask_document(found[0]), text)


def unmask_documents(arguments: object, documents: Iterable[str]) -> object:
    """The same with the one of ``documents`` that was masked, where it can be told which."""
    known = list(dict.fromkeys(documents))

    def opened(kept: str) -> str:
        mask = _strip_separators(kept)
        fitting = [each for each in known if _mask_document(each) == mask]
        return fitting[0] if len(fitting) == 1 else kept

    return _map_texts(arguments, opened, lambda text: text)


def _map_texts(said: object, document: Callable[[str], str], other: Callable[[str], str]) -> Any:
    """Every text in it, changed."""
    match said:
        case dict():
            return {
                name: document(value)
                if name == DOCUMENT_ARGUMENT and isinstance(value, str)
                else _map_texts(value, document, other)
                for name, value in said.items()
            }
        case list():
            return [_map_texts(value, document, other) for value in said]
        case str():
            return other(said)
        case _:
            return said


def _mask_document(document: str) -> str:
    return re.sub(r"[^\W_](?=[\W_]*[^\W_][\W_]*[^\W_])", "*", document)


def _strip_separators(kept: str) -> str:
    return re.sub(r"[ .\-/]", "", kept)
