"""Normalizes text for comparisons."""

import unicodedata


def fold(text: str) -> str:
    """Return the text in lower case, without accents and invisible characters, with
    single spaces.
    """
    return unicodedata.normalize("NFKD", " ".join(text.casefold().split())).translate(_VISIBLE)


_MAX_CACHED_CHARACTERS = 4096


class _VisibleCharacters(dict[int, int | None]):
    """A table for ``str.translate`` that drops invisible characters and is filled on demand."""

    def __missing__(self, code: int) -> int | None:
        kept = not unicodedata.combining(chr(code)) and chr(code).isprintable()
        if len(self) < _MAX_CACHED_CHARACTERS:  # the whole of Unicode would use 100 MB
            self[code] = code if kept else None
        return code if kept else None


_VISIBLE = _VisibleCharacters()
