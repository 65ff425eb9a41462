"""Text as rules compare it."""

import unicodedata


def fold(text: str) -> str:
    """Lower case, no accents, single spaces; invisible characters are dropped."""
    return unicodedata.normalize("NFKD", " ".join(text.casefold().split())).translate(_VISIBLE)


_MAX_CACHED_CHARACTERS = 4096


class _VisibleCharacters(dict[int, int | None]):
    """For ``str.translate``: itself, or nothing. Filled as characters come up, most are letters."""

    def __missing__(self, code: int) -> int | None:
        kept = not unicodedata.combining(chr(code)) and chr(code).isprintable()
        if (
            len(self) < _MAX_CACHED_CHARACTERS
        ):  # all of Unicode, sent to fill our memory, would be 100 MB
            self[code] = code if kept else None
        return code if kept else None


_VISIBLE = _VisibleCharacters()
