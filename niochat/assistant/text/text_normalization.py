"""Normalize text for comparisons and for the database."""

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


def to_storable_text(text: str) -> str:
    """Remove what PostgreSQL does not store: NUL and lone surrogates.

    The text passes through UTF-16, so that two surrogates that were sent apart become their
    character.
    """
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
