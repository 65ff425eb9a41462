"""Asks the database what a subscriber may see of a change: columns, rows, filters."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from niochat_sandbox.supabase.realtime.change_bindings import (
    BindingRefused,
    ChangeBinding,
    ColumnFilter,
)
from niochat_sandbox.supabase.realtime.change_feed import PUBLICATION
from niochat_sandbox.supabase.realtime.pgoutput_decoder import Relation, Values

_COLUMNS = """
SELECT a.attname, t.typname, format_type(a.atttypid, a.atttypmod),
       i.indrelid IS NOT NULL, c.relrowsecurity
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_SELECTABLE = """
SELECT attname FROM pg_attribute
WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped
  AND has_column_privilege(%s::name, attrelid, attnum, 'SELECT')
"""
_PUBLISHED = """
SELECT to_regclass(format('%%I.%%I', schemaname, tablename))::oid FROM pg_publication_tables
WHERE pubname = %s AND %s::text IN ('*', schemaname) AND coalesce(%s::text, tablename) = tablename
"""
_ASSUMABLE = """
SELECT coalesce(pg_has_role('authenticator', to_regrole(quote_ident(%s)), 'MEMBER'), false)
"""
_ASSUME = """
SELECT set_config('request.jwt.claims', %s, true), set_config('role', %s, true)
"""
_POSITION = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"


@dataclass(frozen=True)
class TableColumn:
    """A column: ``type`` as Realtime names it, ``sql_type`` as a cast needs it."""

    name: str
    type: str
    sql_type: str
    is_key: bool


@dataclass(frozen=True)
class TableFacts:
    """A table as it is now."""

    columns: tuple[TableColumn, ...]
    has_row_security: bool

    @property
    def key(self) -> list[TableColumn]:
        """The columns of the primary key."""
        return [column for column in self.columns if column.is_key]


@dataclass(frozen=True)
class Subscriber:
    """As whom the database is asked: a role, and the claims of its token as JSON."""

    role: str
    claims: str

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> "Subscriber":
        """The subscriber with a token of these claims, one of which is the role."""
        return cls(str(claims["role"]), json.dumps(claims, sort_keys=True))


class RowAccess:
    """One connection of the superuser, used by one question at a time, opened when needed."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._connection: psycopg.AsyncConnection | None = None
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def position(self) -> int:
        """The end of the log: what is committed later is at or behind it."""
        rows = await self._query(sql.SQL(_POSITION))
        return int(rows[0][0])

    async def describe(self, relation: Relation) -> TableFacts | None:
        """The table as it is now; None if it is gone."""
        rows = await self._query(sql.SQL(_COLUMNS), relation.oid)
        columns = tuple(TableColumn(*row[:4]) for row in rows)
        return TableFacts(columns, bool(rows[0][4])) if rows else None

    async def selectable_columns(self, oid: int, role: str) -> set[str]:
        """Names of the columns that ``role`` may select."""
        return {str(row[0]) for row in await self._query(sql.SQL(_SELECTABLE), oid, role)}

    async def to_json(self, facts: TableFacts, values: Values) -> dict[str, Any]:
        """The values that are there, as ``to_jsonb`` writes them."""
        columns = [column for column in facts.columns if column.name in values]
        if not columns:
            return {}
        parts = [sql.SQL("to_jsonb(%s::text::" + column.sql_type + ")") for column in columns]
        query = sql.SQL("SELECT {}").format(sql.SQL(", ").join(parts))
        row = (await self._query(query, *(values[column.name] for column in columns)))[0]
        return {column.name: value for column, value in zip(columns, row, strict=True)}

    async def passes(
        self, facts: TableFacts, filters: Iterable[ColumnFilter], values: Values
    ) -> bool:
        """Whether all filters hold. One on a value that is not there or null does not."""
        types = {column.name: column.sql_type for column in facts.columns}
        parts, arguments = [], []
        for each in filters:
            if values.get(each.column) is None or each.column not in types:
                return False
            part, more = _condition(each, types[each.column])
            parts.append(part)
            arguments += [values[each.column], *more]
        if not parts:
            return True
        query = sql.SQL("SELECT {}").format(sql.SQL(" AND ").join(parts))
        return bool((await self._query(query, *arguments))[0][0])

    async def can_see(
        self, subscriber: Subscriber, relation: Relation, facts: TableFacts, values: Values
    ) -> bool:
        """Whether the row with the key of ``values`` is visible now. A policy that fails: no."""
        conditions = [
            sql.SQL("{} = %s::text::" + column.sql_type).format(sql.Identifier(column.name))
            for column in facts.key
        ]
        query = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {})").format(
            sql.Identifier(relation.schema, relation.table), sql.SQL(" AND ").join(conditions)
        )
        keys = [values.get(column.name) for column in facts.key]
        try:
            return bool((await self._query(query, *keys, subscriber=subscriber))[0][0])
        except psycopg.DatabaseError:
            return False

    async def check_binding(self, binding: ChangeBinding, subscriber: Subscriber) -> None:
        """Raise ``BindingRefused`` if no published table is meant, or a filter cannot be applied.

        A filter's column must be there and selectable, and its value of the column's type. The
        subscriber's role must be one of those that REST may assume, too.
        """
        if not (await self._query(sql.SQL(_ASSUMABLE), subscriber.role))[0][0]:
            raise BindingRefused(f'permission denied to set role "{subscriber.role}"')
        rows = await self._query(sql.SQL(_PUBLISHED), PUBLICATION, binding.schema, binding.table)
        if not rows:
            raise BindingRefused(_refusal(binding, "Please check Realtime is enabled for"))
        for (oid,) in rows if binding.filters else ():
            await self._check_filters(int(oid), binding, subscriber)

    async def _check_filters(
        self, oid: int, binding: ChangeBinding, subscriber: Subscriber
    ) -> None:
        start = "An exception happened so please check"
        selectable = await self.selectable_columns(oid, subscriber.role)
        types = {row[0]: row[2] for row in await self._query(sql.SQL(_COLUMNS), oid)}
        for each in binding.filters:
            if each.column not in selectable:
                reason = f"invalid column for filter {each.column}"
                raise BindingRefused(_refusal(binding, start, reason))
            part, more = _condition(each, types[each.column])
            try:
                await self._query(sql.SQL("SELECT {}").format(part), None, *more)
            except psycopg.DataError as error:
                reason = str(error).splitlines()[0]
                raise BindingRefused(_refusal(binding, start, reason)) from error

    async def _query(
        self, query: sql.SQL | sql.Composed, *arguments: Any, subscriber: Subscriber | None = None
    ) -> list[tuple[Any, ...]]:
        """Run one query, as ``subscriber`` if there is one."""
        async with self._lock:
            if self._connection is None or self._connection.closed:
                self._connection = await psycopg.AsyncConnection.connect(
                    self._database_url, autocommit=True, options="-c timezone=UTC"
                )
            if subscriber is None:
                return await _fetch(self._connection, query, arguments)
            async with self._connection.transaction():
                identity = (subscriber.claims, subscriber.role)
                await self._connection.execute(_ASSUME, identity)
                return await _fetch(self._connection, query, arguments)


async def _fetch(
    connection: psycopg.AsyncConnection, query: sql.SQL | sql.Composed, arguments: tuple[Any, ...]
) -> list[tuple[Any, ...]]:
    return list(await (await connection.execute(query, arguments)).fetchall())


def _refusal(binding: ChangeBinding, check: str, exception: str = "") -> str:
    """Realtime's words for a binding that it cannot subscribe."""
    asked = (
        f"[event: {binding.change or '*'}, schema: {binding.schema}, "
        f"table: {binding.table or '*'}, filter: {binding.entry.get('filter') or ''}]"
    )
    end = f". Exception: {exception}" if exception else ""
    text = "Unable to subscribe to changes with given parameters."
    return f"{text} {check} the given connect parameters: {asked}{end}"


def _condition(each: ColumnFilter, sql_type: str) -> tuple[sql.Composable, list[Any]]:
    """The SQL of a filter, whose first argument is the column's value, and its other arguments."""
    value = "%s::text::" + sql_type
    if each.operator == "IN":
        return sql.SQL(value + " = ANY (%s::text[]::" + sql_type + "[])"), [list(each.values)]
    return sql.SQL(value + f" {each.operator} " + value), [each.values[0]]
