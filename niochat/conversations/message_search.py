"""Full-text search of messages. It tolerates missing accents, inflections and misspellings."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.conversations.conversation_queries import ConversationVisibility
from niochat.domain.errors import InvalidInputError
from niochat.domain.search_suggestions import VocabularyWord, suggest_words

_SQL = queries("message_search")

MAX_SEARCH_WORDS = 8
"""Words of one search."""
MAX_SCAN_ROUNDS = 8
"""Scans for one page. Each scan covers a bounded part of the messages."""
_WORD = re.compile(r"[^\W_]+")
_TERM = re.compile(
    r"(?<!\w)(?:\+?55[ -]?)?\(?\d{2}\)?[ -]{0,2}\d{4,5}[ -]?\d{4}(?!\w)"  # a phone number
    r"|[^\W_]+(?:[-.,/'’_][^\W_]+)*"
)
"""A term of one or several words: ``wi-fi``, ``123.456.789-09``, ``(81) 98888-7777``."""
_NEWEST = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))

SearchPosition = tuple[datetime, UUID]
"""When a message was stored, and its id."""


@dataclass(frozen=True, slots=True)
class MessageSearchRequest:
    """A search. ``before`` is the position at which the previous page ended."""

    words: Sequence[str]
    before: SearchPosition | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class MessageSearchPage:
    """Rows of one page, newest first, and the position of the next page, if there is one. A page
    may hold fewer rows than the limit, or none, and still have a next page.
    """

    rows: list[dict[str, Any]]
    next_position: SearchPosition | None


@dataclass(frozen=True, slots=True)
class _SearchTerms:
    """Stems with their group numbers. A message matches if it contains one stem of every group."""

    lexemes: list[str]
    groups: list[int]

    @property
    def any(self) -> str:
        """A tsquery that matches any of the stems. They consist of letters and digits only."""
        return " | ".join(f"'{each}'" for each in self.lexemes)


def parse_search_words(text: str) -> list[str]:
    """Splits a query into terms. Words joined by punctuation are one term. Raises
    ``InvalidInputError`` for a query without words or with too many.
    """
    if "\0" in text:
        raise InvalidInputError("The query contains a NUL character. Remove it.", code="bad_search")
    words = list(dict.fromkeys(_TERM.findall(unicodedata.normalize("NFC", text))))
    if not words:
        raise InvalidInputError(
            "The query must contain at least one word of letters or digits.", code="no_words"
        )
    if sum(len(_WORD.findall(word)) for word in words) > MAX_SEARCH_WORDS:
        raise InvalidInputError(
            f"The query may contain at most {MAX_SEARCH_WORDS} words.", code="too_many_words"
        )
    return words


class MessageSearch:
    """Searches the messages of one tenant, with that tenant's database role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search_page(
        self, tenant_id: UUID, visibility: ConversationVisibility, request: MessageSearchRequest
    ) -> MessageSearchPage:
        """Returns messages that the user may see and that contain all of the words. Raises
        ``InvalidInputError`` if the words are too common.
        """
        position: SearchPosition | None = request.before or _NEWEST
        rows: list[dict[str, Any]] = []
        # A user with a narrower scope needs more candidates for one page.
        most = request.limit + 1 if visibility.scope == "all" else max(request.limit + 1, 200)
        async with self._database.as_tenant(tenant_id) as connection:
            terms = await _load_terms(connection, tenant_id, request.words)
            for _ in range(MAX_SCAN_ROUNDS):
                if position is None or len(rows) > request.limit:
                    break
                ids, position = await _scan_messages(connection, tenant_id, terms, position, most)
                rows += await _load_visible(connection, tenant_id, visibility, terms, ids)
        if len(rows) > request.limit:
            rows = rows[: request.limit]
            position = (rows[-1]["stored_at"], rows[-1]["id"])
        return MessageSearchPage(rows, position)


async def _load_terms(
    connection: Connection, tenant_id: UUID, words: Sequence[str]
) -> _SearchTerms:
    lexemes: list[str] = []
    groups: list[int] = []
    parts = {term: _WORD.findall(term) for term in words}
    whole = {term: "".join(pieces) for term, pieces in parts.items() if len(pieces) > 1}
    every = [*dict.fromkeys([*(p for pieces in parts.values() for p in pieces), *whole.values()])]
    rows = {row["word"]: row for row in await connection.fetch(_SQL["lexemes"], tenant_id, every)}
    for term, pieces in parts.items():
        # Each part, or all of them joined, so that `wi-fi` finds `wifi`, `wi-fi` and `wi fi`.
        joined = set(rows[whole[term]]["lexemes"]) if term in whole else set()
        for row in (rows[piece] for piece in pieces):
            if not row["lexemes"]:
                continue
            corrected = await _load_corrections(connection, tenant_id, row["folded"])
            alternatives = {*row["lexemes"], *joined, *corrected}
            lexemes += sorted(alternatives)
            groups += [len(set(groups))] * len(alternatives)
    if not lexemes:
        raise InvalidInputError(
            "The words are too common. Add a more specific word.", code="no_words"
        )
    return _SearchTerms(lexemes, groups)


async def _load_corrections(connection: Connection, tenant_id: UUID, word: str) -> set[str]:
    if not word.isalpha():
        return set()
    similar = await connection.fetch(_SQL["similar"], tenant_id, word)
    others = suggest_words(word, [VocabularyWord(each["word"], each["blocks"]) for each in similar])
    if not others:
        return set()
    rows = await connection.fetch(_SQL["lexemes"], tenant_id, others)
    return {lexeme for row in rows for lexeme in row["lexemes"]}


async def _scan_messages(
    connection: Connection,
    tenant_id: UUID,
    terms: _SearchTerms,
    before: SearchPosition,
    most: int,
) -> tuple[list[UUID], SearchPosition | None]:
    rows = await connection.fetch(
        _SQL["scan_messages"], tenant_id, terms.lexemes, terms.groups, *before, most
    )
    ids = [row["id"] for row in rows if row["id"] is not None]
    more = bool(rows) and (len(ids) == most or rows[-1]["id"] is None)
    return ids, (rows[-1]["at"], rows[-1]["upto"]) if more else None


async def _load_visible(
    connection: Connection,
    tenant_id: UUID,
    visibility: ConversationVisibility,
    terms: _SearchTerms,
    ids: list[UUID],
) -> list[dict[str, Any]]:
    if not ids:
        return []
    rows = await connection.fetch(
        _SQL["visible_messages"],
        tenant_id,
        ids,
        visibility.scope,
        visibility.user,
        sorted(visibility.teams),
        terms.any,
    )
    return [dict(row) for row in rows]
