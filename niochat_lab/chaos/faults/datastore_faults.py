"""PostgreSQL and Redis that restart, stand still, forget, or have no room left."""

import asyncio
import signal

import psutil
import psycopg
from redis.asyncio import Redis

from niochat.launcher import process_control
from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from niochat.launcher.home_folder import read_json
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.stack_credentials import StackCredentials
from niochat_lab.chaos.ephemeral_stack import PostgresDisk
from niochat_lab.chaos.fault_definition import InjectedFault, heal_nothing
from niochat_lab.chaos.running_stack import RunningStack

FULL_TIMEOUT_S = 6.0
SEGMENTS = 8
"""Of the write-ahead log, begun until there is no room for the next one."""


async def restart_postgres(arena: RunningStack) -> InjectedFault:
    """A fast shutdown: every session ends in the middle of what it does."""
    postmaster = _find_postmaster(arena)
    postmaster.send_signal(signal.SIGINT)
    return InjectedFault(f"PostgreSQL ({postmaster.pid})", heal_nothing)


async def freeze_postgres(arena: RunningStack) -> InjectedFault:
    """All its processes stand still: connections open, and nothing answers."""
    found = process_control.filter_by_kind(
        process_control.find_stack_processes(arena.home.folder), "postgres"
    )
    _send_signal(found, signal.SIGSTOP)

    async def heal() -> str:
        _send_signal(found, signal.SIGCONT)
        return f"{len(found)} processes stood still"

    return InjectedFault("PostgreSQL", heal)


async def kill_redis(arena: RunningStack) -> InjectedFault:
    """SIGKILL; it comes back empty."""
    victim = await arena.wait_for_process("valkey-server")
    victim.kill()
    return InjectedFault(f"Redis ({victim.pid})", heal_nothing)


async def flush_redis(arena: RunningStack) -> InjectedFault:
    """FLUSHALL."""
    async with Redis.from_url(arena.environment["REDIS_URL"]) as redis:
        held = await redis.dbsize()
        await redis.flushall()
    return InjectedFault(f"Redis, {held} keys", heal_nothing)


async def fill_disk(arena: RunningStack) -> InjectedFault:
    """No byte is left: rows find no room, then the write-ahead log, and the server ends itself."""
    disk = PostgresDisk(arena.launcher_pid, arena.home)
    await asyncio.to_thread(disk.fill)
    log = arena.home.log_file("postgres")
    start = log.stat().st_size

    async def heal() -> str:
        await asyncio.to_thread(_force_wal_segments, arena)
        await asyncio.sleep(FULL_TIMEOUT_S)
        disk.free()
        text = log.read_bytes()[start:].decode(errors="replace")
        full, panics = text.count("No space left on device"), text.count("PANIC:")
        return f"no space left {full} times, PANIC {panics} times"

    return InjectedFault("PostgreSQL's disk", heal)


def _force_wal_segments(arena: RunningStack) -> None:
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


def _find_postmaster(arena: RunningStack) -> psutil.Process:
    found = process_control.filter_by_kind(
        process_control.find_stack_processes(arena.home.folder), "postgres"
    )
    pids = {process.pid for process in found}
    return next(process for process in found if process.ppid() not in pids)


def _send_signal(found: list[psutil.Process], number: signal.Signals) -> None:
    for process in found:
        if process_control.is_alive(process):
            process.send_signal(number)
