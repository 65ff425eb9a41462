"""Mask tax ids in stored tool calls, except for their last two characters.

An interrupted call is shown to the model again. Its tax id is then restored from the customer's own
text, which the model reads anyway.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

DOCUMENT_ARGUMENT = "cpf_cnpj"
"""The name of the tool argument that holds a tax id."""
_NUMBER = re.compile(r"\d(?:[ .\-/]{0,3}\d){10,}")
"""Eleven digits or more, with any separators: a tax id or an equally personal number."""


def mask_arguments(arguments: object) -> object:
    """Mask the tax ids in arguments before they are stored; the arguments may also be invalid JSON
    text.
    """
    return _map_texts(arguments, _mask_document, mask_text)


def mask_text(text: str) -> str:
    """Mask every number of a text that may be a tax id."""
    return _NUMBER.sub(lambda found: _mask_document(found[0]), text)


def unmask_documents(arguments: object, documents: Iterable[str]) -> object:
    """Replace each masked tax id by the one of ``documents`` that matches, if exactly one does."""
    known = list(dict.fromkeys(documents))

    def opened(kept: str) -> str:
        mask = _strip_separators(kept)
        matching = [each for each in known if _mask_document(each) == mask]
        return matching[0] if len(matching) == 1 else kept

    return _map_texts(arguments, opened, lambda text: text)


def _map_texts(value: object, document: Callable[[str], str], other: Callable[[str], str]) -> Any:
    """Apply ``document`` to tax id arguments and ``other`` to all other texts."""
    match value:
        case dict():
            return {
                name: document(item)
                if name == DOCUMENT_ARGUMENT and isinstance(item, str)
                else _map_texts(item, document, other)
                for name, item in value.items()
            }
        case list():
            return [_map_texts(item, document, other) for item in value]
        case str():
            return other(value)
        case _:
            return value


def _mask_document(document: str) -> str:
    return re.sub(r"[^\W_](?=[\W_]*[^\W_][\W_]*[^\W_])", "*", document)


def _strip_separators(kept: str) -> str:
    return re.sub(r"[ .\-/]", "", kept)
