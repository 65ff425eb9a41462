"""PostgreSQL and Redis that restart, stand still, forget, or have no room left."""

import asyncio
import signal

import psutil
import psycopg
from redis.asyncio import Redis

from niochat.cli.chaos.arena import Arena
from niochat.cli.chaos.fault import Injury, nothing_more
from niochat.cli.chaos.throwaway import Disk
from niochat.stack import processes
from niochat.stack.credentials import StackCredentials
from niochat.stack.home import read_json
from niochat.stack.ports import StackPorts
from niochat.stack.postgres import EmbeddedPostgres

FULL_S = 6.0
SEGMENTS = 8
"""Of the write-ahead log, begun until there is no room for the next one."""


async def restart_postgres(arena: Arena) -> Injury:
    """A fast shutdown: every session ends in the middle of what it does."""
    postmaster = _postmaster(arena)
    postmaster.send_signal(signal.SIGINT)
    return Injury(f"PostgreSQL ({postmaster.pid})", nothing_more)


async def cut_postgres_off(arena: Arena) -> Injury:
    """All its processes stand still: connections open, and nothing answers."""
    found = processes.filter_by_kind(processes.find_stack_processes(arena.home.folder), "postgres")
    _signal(found, signal.SIGSTOP)

    async def heal() -> str:
        _signal(found, signal.SIGCONT)
        return f"{len(found)} processes stood still"

    return Injury("PostgreSQL", heal)


async def kill_redis(arena: Arena) -> Injury:
    """SIGKILL; it comes back empty."""
    victim = await arena.one("valkey-server")
    victim.kill()
    return Injury(f"Redis ({victim.pid})", nothing_more)


async def empty_redis(arena: Arena) -> Injury:
    """FLUSHALL."""
    async with Redis.from_url(arena.told["REDIS_URL"]) as redis:
        held = await redis.dbsize()
        await redis.flushall()
    return Injury(f"Redis, {held} keys", nothing_more)


async def fill_the_disk(arena: Arena) -> Injury:
    """No byte is left: rows find no room, then the write-ahead log, and the server ends itself."""
    disk = Disk(arena.launcher, arena.home)
    await asyncio.to_thread(disk.fill)
    log = arena.home.log_file("postgres")
    start = log.stat().st_size

    async def heal() -> str:
        await asyncio.to_thread(_demand_log, arena)
        await asyncio.sleep(FULL_S)
        disk.free()
        text = log.read_bytes()[start:].decode(errors="replace")
        full, panics = text.count("No space left on device"), text.count("PANIC:")
        return f"no space left {full} times, PANIC {panics} times"

    return Injury("PostgreSQL's disk", heal)


def _demand_log(arena: Arena) -> None:
    """Begin new segments of the write-ahead log until the server dies of it."""
    credentials = StackCredentials.load_or_create(arena.home)
    port = StackPorts(**read_json(arena.home.folder / "stack.json")["ports"]).postgres
    address = EmbeddedPostgres(arena.home, port, credentials).admin_dsn
    try:
        with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
            for _ in range(SEGMENTS):
                connection.execute("SELECT pg_logical_emit_message(false, 'chaos', 'x')")
                connection.execute("SELECT pg_switch_wal()")
    except psycopg.Error:
        return  # it died, or was dead already: the log says so


def _postmaster(arena: Arena) -> psutil.Process:
    found = processes.filter_by_kind(processes.find_stack_processes(arena.home.folder), "postgres")
    pids = {process.pid for process in found}
    return next(process for process in found if process.ppid() not in pids)


def _signal(found: list[psutil.Process], number: signal.Signals) -> None:
    for process in found:
        if processes.is_alive(process):
            process.send_signal(number)
