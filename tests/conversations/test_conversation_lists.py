"""Whatever is filtered and however it is sorted: the pages hold what matches, each once."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.conversations.conversation_lists import (
    NO_AGENT,
    UNRESOLVED,
    ConversationFilter,
    ConversationLists,
)
from niochat.conversations.conversation_queries import ConversationVisibility
from tests.builders import Admin, ChannelRef, RowBuilder

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

STATUSES = (*UNRESOLVED, "resolved")
TEAMS, LABELS = ("vendas", "suporte", None), ("vip", "fibra", "atraso")
START = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class ListFixture:
    """A tenant with many conversations of all sorts."""

    tenant: UUID
    lists: ConversationLists
    rows: list[dict[str, Any]]
    ana: UUID
    agents: tuple[str | None, ...]
    channels: tuple[UUID, UUID]

    def expected(
        self, filters: ConversationFilter, visibility: ConversationVisibility, sort: str
    ) -> list[UUID]:
        """What a list has to hold, in order."""
        column = {"changed": "changed_at", "opened": "opened_at", "waiting": "waiting_since"}[sort]
        found = [
            row
            for row in self.rows
            if self._matches(row, filters)
            and self._visible(row, visibility)
            and row[column] is not None
            and (sort != "waiting" or row["status"] != "resolved")
        ]
        found.sort(key=lambda row: (row[column], row["id"]), reverse=sort != "waiting")
        return [row["id"] for row in found]

    def _matches(self, row: dict[str, Any], filters: ConversationFilter) -> bool:
        return (
            row["status"] in (filters.statuses or UNRESOLVED)
            and (not filters.teams or row["team"] in filters.teams)
            and (not filters.agents or (row["agent"] or NO_AGENT) in filters.agents)
            and (not filters.labels or bool(set(filters.labels) & set(row["labels"])))
            and (not filters.priorities or row["priority"] in filters.priorities)
            and (not filters.channels or row["channel_id"] in filters.channels)
            and (
                not filters.unread
                or (
                    row["unread"]
                    and row["agent"] == str(self.ana)
                    and row["status"] in ("open", "snoozed")
                )
            )
        )

    def _visible(self, row: dict[str, Any], visibility: ConversationVisibility) -> bool:
        if visibility.scope == "all" or row["agent"] == visibility.user:
            return True
        if visibility.scope == "own":
            return False
        if row["team"] is None:
            return row["agent"] is None
        return row["team"] in visibility.teams

    async def pages(
        self, filters: ConversationFilter, visibility: ConversationVisibility, sort: str
    ) -> list[UUID]:
        """All pages of a list, one after the other."""
        turn: Any = {
            "changed": self.lists.list_changed,
            "opened": self.lists.list_opened,
            "waiting": self.lists.list_waiting,
        }[sort]
        found: list[UUID] = []
        place = None
        for _ in range(500):
            rows, place = await turn(self.tenant, visibility, filters, place)
            found += [row["id"] for row in rows]
            if place is None:
                return found
        raise AssertionError("it never ends")


@pytest_asyncio.fixture
async def desk(database: Database, admin: Admin, given: RowBuilder) -> AsyncIterator[ListFixture]:
    """Seventy conversations; times repeat, so that ids decide."""
    chance = random.Random(17)
    tenant = await given.tenant()
    channels = (await given.channel(tenant), await given.channel(tenant))
    for team in ("vendas", "suporte"):
        await admin.execute(
            "INSERT INTO teams VALUES ($1, $2, $2) ON CONFLICT DO NOTHING", tenant, team
        )
    ana = uuid4()
    agents = (str(ana), "rui", None)
    rows: list[dict[str, Any]] = []
    for number in range(70):
        place = ChannelRef(tenant, chance.choice(channels))
        thread = await given.thread(place)
        status = chance.choice(STATUSES)
        row: dict[str, Any] = {
            "id": UUID(int=chance.getrandbits(128)),
            "status": status,
            "team": chance.choice(TEAMS),
            "agent": chance.choice(agents),
            "labels": sorted(chance.sample(LABELS, chance.randint(0, 2))),
            "priority": chance.randint(0, 3),
            "channel_id": place.channel,
            "opened_at": START + timedelta(minutes=chance.randint(0, 20)),
            "changed_at": START + timedelta(minutes=chance.randint(30, 50)),
            "waiting_since": None
            if chance.random() < 0.5
            else START + timedelta(minutes=chance.randint(0, 9)),
            "unread": chance.random() < 0.6,
        }
        rows.append(row)
        await admin.execute(
            "INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, team, agent,"
            " version, state, schema_version, opened_at, changed_at, waiting_since, priority,"
            " labels, resolved_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, 9, '{}', 1, $8, $9, $10, $11, $12,"
            " CASE WHEN $5 = 'resolved' THEN $9::timestamptz END)",
            tenant,
            row["id"],
            thread,
            str(number),
            *(row[name] for name in ("status", "team", "agent", "opened_at", "changed_at")),
            *(row[name] for name in ("waiting_since", "priority", "labels")),
        )
        await admin.execute(
            "INSERT INTO messages (tenant_id, id, thread_id, conversation_id, version, author,"
            " kind, text, sent_at) VALUES ($1, $2, $3, $4, 5, 'customer', 'text', 'oi', now())",
            tenant,
            uuid4(),
            thread,
            row["id"],
        )
        if not row["unread"]:
            await admin.execute(
                "INSERT INTO users (tenant_id, id, login, name, role, status)"
                " VALUES ($1, $2, 'ana@example.com', 'Ana', 'agent', 'active')"
                " ON CONFLICT DO NOTHING",
                tenant,
                ana,
            )
            await admin.execute("INSERT INTO reads VALUES ($1, $2, $3, 5)", tenant, ana, row["id"])
    yield ListFixture(tenant, ConversationLists(database), rows, ana, agents, channels)


async def test_pages_of_any_filter_and_order_hold_each_match_once(desk: ListFixture) -> None:
    chance = random.Random(7)

    def some(values: Any, share: float = 0.35) -> tuple[Any, ...]:
        wanted = [each for each in values if each is not None]
        return tuple(chance.sample(wanted, chance.randint(1, len(wanted)))) * (
            chance.random() < share
        )

    matched = 0
    for sort in ("changed", "opened", "waiting"):
        for scope in ("all", "team", "own"):
            visibility = ConversationVisibility(scope, str(desk.ana), frozenset({"vendas"}))
            for _ in range(12):
                filters = ConversationFilter(
                    statuses=some(STATUSES),
                    teams=some(TEAMS),
                    agents=some((*desk.agents, NO_AGENT)),
                    labels=some(LABELS),
                    priorities=some(range(4)),
                    channels=some(desk.channels),
                    unread=chance.random() < 0.2,
                    limit=chance.choice([1, 2, 3, 7, 50]),
                )
                expected = desk.expected(filters, visibility, sort)
                assert await desk.pages(filters, visibility, sort) == expected, (sort, filters)
                matched += len(expected)
    assert matched > 300, "the filters leave something"


async def test_counts_are_those_of_the_lists(desk: ListFixture) -> None:
    for scope in ("all", "team", "own"):
        visibility = ConversationVisibility(scope, str(desk.ana), frozenset({"vendas"}))
        counts = await desk.lists.count_conversations(desk.tenant, visibility)

        def many(sees: ConversationVisibility = visibility, **filters: Any) -> int:
            return len(desk.expected(ConversationFilter(**filters), sees, "changed"))

        mine = many(statuses=("open",), agents=(str(desk.ana),))
        assert counts["mine"] == {"": mine}
        for status in UNRESOLVED:
            assert counts["status"].get(status, 0) == many(statuses=(status,))
        for team in ("vendas", "suporte"):
            assert counts.get("team", {}).get(team, 0) == many(teams=(team,))
        for agent in (str(desk.ana), "rui", NO_AGENT):
            assert counts["agent"].get(agent, 0) == many(agents=(agent,))
        for label in LABELS:
            assert counts["label"].get(label, 0) == many(labels=(label,))
        for priority in range(4):
            assert counts["priority"].get(str(priority), 0) == many(priorities=(priority,))
        for channel in desk.channels:
            assert counts["channel"].get(str(channel), 0) == many(channels=(channel,))
