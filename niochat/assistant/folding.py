"""Text as rules compare it, and as the database takes it."""

import unicodedata


def fold(text: str) -> str:
    """Lower case, no accents, single spaces; invisible characters are dropped."""
    plain = unicodedata.normalize("NFKD", " ".join(text.casefold().split()))
    return "".join(c for c in plain if not unicodedata.combining(c) and c.isprintable())


def storable(text: str) -> str:
    """The text as PostgreSQL takes it: without NUL, and without halves of a character.

    Through UTF-16, so that two halves sent apart become the character they meant.
    """
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
