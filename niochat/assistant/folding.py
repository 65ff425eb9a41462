"""Portuguese text without accents and case, so that rules about words need one spelling."""

import unicodedata


def fold(text: str) -> str:
    """Lower case, no accents, single spaces; invisible characters are dropped."""
    plain = unicodedata.normalize("NFKD", " ".join(text.casefold().split()))
    return "".join(c for c in plain if not unicodedata.combining(c) and c.isprintable())
