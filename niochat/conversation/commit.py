"""Statement 2: plans of many threads in one transaction; each wins or loses alone."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from niochat.adapters.postgres.codec import event_to_json, state_to_json
from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.conversation.work import Plan
from niochat.domain import effects as fx
from niochat.domain.conversation import SCHEMA_VERSION, Conversation
from niochat.domain.message import Content

_SQL = queries("step")
E = TypeVar("E")


async def commit(connection: Connection, host: str, plans: Sequence[Plan]) -> set[UUID]:
    """Write the plans whose version and epoch still hold; their thread ids are returned.

    Runs inside the caller's transaction. ``host`` is the incarnation that owns the shards.
    """
    ordered = sorted(plans, key=lambda plan: plan.before.id)
    won = await _fence(connection, host, ordered)
    await write(connection, host, [plan for plan in ordered if plan.before.id in won])
    return won


async def write(connection: Connection, host: str, winners: Sequence[Plan]) -> None:
    """All that belongs to plans whose conversations are written already."""
    await _log(connection, winners)
    await _say(connection, winners)
    await _send(connection, winners)
    await _schedule(connection, host, winners)
    await _consume(connection, winners)


async def _fence(connection: Connection, host: str, plans: Sequence[Plan]) -> set[UUID]:
    advancing = [p for p in plans if p.events and not p.opens]
    opening = [p for p in plans if p.opens]
    silent = [p for p in plans if not p.events]
    won: set[UUID] = set()
    if advancing:
        won |= _threads(await _advance(connection, host, advancing))
    if opening:
        won |= _threads(await _open(connection, host, opening))
    if silent:
        columns = _columns(
            (p.before.id, p.before.conversation.id if p.before.conversation else None,
             p.before.version, p.epoch)
            for p in silent
        )  # fmt: skip
        won |= _threads(await connection.fetch(_SQL["check"], host, *columns))
    return won


async def _advance(connection: Connection, host: str, plans: Sequence[Plan]) -> list[Any]:
    columns = _columns(
        (c.id, p.before.version, c.version, state_to_json(c), c.status.value, c.team, c.agent,
         c.paused_until, p.now, p.epoch)
        for p, c in _with_state(plans)
    )  # fmt: skip
    return await connection.fetch(_SQL["advance"], host, SCHEMA_VERSION, *columns)


async def _open(connection: Connection, host: str, plans: Sequence[Plan]) -> list[Any]:
    columns = _columns(
        (p.before.tenant_id, c.id, p.before.id, c.protocol, c.status.value, c.team, c.agent,
         c.paused_until, c.version, state_to_json(c), p.now, p.epoch)
        for p, c in _with_state(plans)
    )  # fmt: skip
    return await connection.fetch(_SQL["open"], host, SCHEMA_VERSION, *columns)


async def _log(connection: Connection, plans: Sequence[Plan]) -> None:
    rows = [
        (p.before.tenant_id, c.id, c.version - len(p.events) + n, p.before.id,
         event_to_json(event), p.now, cause)
        for p, c in _with_state(plans)
        for n, (event, cause) in enumerate(zip(p.events, p.causes, strict=True), start=1)
    ]  # fmt: skip
    if rows:
        await connection.execute(_SQL["add_events"], SCHEMA_VERSION, *_columns(rows))


async def _say(connection: Connection, plans: Sequence[Plan]) -> None:
    stored = [
        (p.before.tenant_id, e.message, p.before.id, _conversation_of(p, e), e.version,
         e.author.value, e.content.kind.value, e.content.text, dict(e.content.details),
         e.external_id, e.reply_to, e.status.value if e.status else None, e.sent_at)
        for p, e in _effects(plans, fx.StoreMessage)
    ]  # fmt: skip
    if stored:
        await connection.execute(_SQL["add_messages"], *_columns(stored))
    changed = [_change(plan, change) for plan, change in _effects(plans, fx.ChangeMessage)]
    for once in _rounds(changed):
        await connection.execute(_SQL["change_messages"], *_columns(once))
    for plan, kept in _effects(plans, fx.KeepUnmatched):
        await connection.execute(
            _SQL["keep_unmatched"], plan.before.tenant_id, plan.before.id, kept.external_id,
            kept.kind, kept.value,
        )  # fmt: skip
    matched = [(plan.before.id, external) for plan in plans for external in plan.matched]
    if matched:
        await connection.execute(_SQL["drop_unmatched"], *_columns(matched))


def _change(plan: Plan, change: fx.ChangeMessage) -> tuple[object, ...]:
    reactions: dict[str, str | None] = {}
    if change.reaction is not None:
        who, emoji = change.reaction
        reactions[who] = emoji or None
    status = change.status.value if change.status else None
    return (plan.before.tenant_id, change.message, status, change.external_id, change.code,
            change.text, change.deleted, reactions, plan.now)  # fmt: skip


async def _send(connection: Connection, plans: Sequence[Plan]) -> None:
    settled = [
        (p.before.tenant_id, e.outbox, e.status, e.external_id, e.code, e.retry_in_s)
        for p, e in _effects(plans, fx.SettleOutbox)
    ]
    for once in _rounds(settled):
        await connection.execute(_SQL["settle_sends"], *_columns(once))
    queued = [
        (p.before.tenant_id, e.outbox, p.before.id, p.before.channel_id, _live(p).id, e.message,
         e.origin.value, e.content.kind.value, e.content.text, _attachment(e.content))
        for p, e in _effects(plans, fx.QueueSend)
    ]  # fmt: skip
    if queued:
        await connection.execute(_SQL["add_sends"], *_columns(queued))
    # Last: what this very step queued, or put back, is cancelled as well.
    cancelled = [p.before.id for p, _ in _effects(plans, fx.CancelReplies)]
    if cancelled:
        await connection.execute(_SQL["cancel_replies"], cancelled)


def _attachment(content: Content) -> UUID | None:
    """The file that leaves with it."""
    named = content.details.get("attachment")
    return UUID(str(named)) if named else None


async def _schedule(connection: Connection, host: str, plans: Sequence[Plan]) -> None:
    fired = [(p.before.id, name, generation) for p in plans for name, generation in p.timers]
    if fired:
        await connection.execute(_SQL["consume_timers"], *_columns(fired))
    newest = {(p.before.id, e.name): (p, e) for p, e in _effects(plans, fx.SetTimer)}
    if newest:
        columns = _columns(
            (p.before.tenant_id, p.before.id, e.name, _live(p).id, e.generation, e.due_at)
            for p, e in newest.values()
        )
        await connection.execute(_SQL["set_timers"], *columns)
    turns = {e.turn: (p, e) for p, e in _effects(plans, fx.RunTurn)}
    if turns:
        columns = _columns(
            (p.before.tenant_id, e.turn, _live(p).id, p.before.id, e.attempt, e.upto_version)
            for p, e in turns.values()
        )
        await connection.execute(_SQL["run_turns"], host, *columns)
    settled = [
        (p.before.tenant_id, e.turn, e.outcome, e.code, e.detail, e.model, e.prompt_version,
         e.tokens_in, e.tokens_out, e.cost)
        for p, e in _effects(plans, fx.SettleTurn)
    ]  # fmt: skip
    for once in _rounds(settled):
        await connection.execute(_SQL["settle_turns"], *_columns(once))


async def _consume(connection: Connection, plans: Sequence[Plan]) -> None:
    rows = [(p.before.tenant_id, row, outcome) for p in plans for row, outcome in p.rows]
    if rows:
        await connection.execute(_SQL["mark_processed"], *_columns(rows))


def _rounds(rows: Sequence[tuple[object, ...]]) -> Iterable[list[tuple[object, ...]]]:
    """A statement changes a row, named by its second column, once: the next change waits."""
    while rows:
        once: dict[object, tuple[object, ...]] = {}
        later = []
        for row in rows:
            if row[1] in once:
                later.append(row)
            else:
                once[row[1]] = row
        yield list(once.values())
        rows = later


def _effects(plans: Sequence[Plan], kind: type[E]) -> list[tuple[Plan, E]]:
    return [(plan, e) for plan in plans for e in plan.effects if isinstance(e, kind)]


def _conversation_of(plan: Plan, stored: fx.StoreMessage) -> UUID | None:
    return _live(plan).id if stored.version is not None else None


def _live(plan: Plan) -> Conversation:
    assert plan.after is not None
    return plan.after


def _with_state(plans: Sequence[Plan]) -> Iterable[tuple[Plan, Conversation]]:
    return ((plan, _live(plan)) for plan in plans if plan.after is not None)


def _threads(rows: Sequence[Any]) -> set[UUID]:
    return {row["thread_id"] for row in rows}


def _columns(rows: Iterable[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
