"""Faults of PostgreSQL and Redis: restart, freeze, data loss and a full disk."""

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
"""The number of WAL segments that are started until there is no space for the next one."""


async def restart_postgres(stack: RunningStack) -> InjectedFault:
    """A fast shutdown, which ends every session in the middle of its work."""
    postmaster = _find_postmaster(stack)
    postmaster.send_signal(signal.SIGINT)
    return InjectedFault(f"PostgreSQL ({postmaster.pid})", heal_nothing)


async def freeze_postgres(stack: RunningStack) -> InjectedFault:
    """Freeze all PostgreSQL processes: connections stay open, but nothing responds."""
    processes = process_control.filter_by_kind(
        process_control.find_stack_processes(stack.home.folder), "postgres"
    )
    _send_signal(processes, signal.SIGSTOP)

    async def heal() -> str:
        _send_signal(processes, signal.SIGCONT)
        return f"{len(processes)} processes stood still"

    return InjectedFault("PostgreSQL", heal)


async def kill_redis(stack: RunningStack) -> InjectedFault:
    """Kill Redis with SIGKILL; it restarts empty."""
    process = await stack.wait_for_process("valkey-server")
    process.kill()
    return InjectedFault(f"Redis ({process.pid})", heal_nothing)


async def flush_redis(stack: RunningStack) -> InjectedFault:
    """Delete all keys (FLUSHALL)."""
    async with Redis.from_url(stack.environment["REDIS_URL"]) as redis:
        key_count = await redis.dbsize()
        await redis.flushall()
    return InjectedFault(f"Redis, {key_count} keys", heal_nothing)


async def fill_disk(stack: RunningStack) -> InjectedFault:
    """Fill the disk: rows and WAL find no space, and the server stops with a PANIC."""
    disk = PostgresDisk(stack.launcher_pid, stack.home)
    await asyncio.to_thread(disk.fill)
    log = stack.home.log_file("postgres")
    start = log.stat().st_size

    async def heal() -> str:
        await asyncio.to_thread(_force_wal_segments, stack)
        await asyncio.sleep(FULL_TIMEOUT_S)
        disk.free()
        text = log.read_bytes()[start:].decode(errors="replace")
        full, panics = text.count("No space left on device"), text.count("PANIC:")
        return f"no space left {full} times, PANIC {panics} times"

    return InjectedFault("PostgreSQL's disk", heal)


def _force_wal_segments(stack: RunningStack) -> None:
    """Start new WAL segments until the server dies."""
    credentials = StackCredentials.load_or_create(stack.home)
    port = StackPorts(**read_json(stack.home.folder / "stack.json")["ports"]).postgres
    address = EmbeddedPostgres(stack.home, port, credentials).admin_dsn
    try:
        with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
            for _ in range(SEGMENTS):
                connection.execute("SELECT pg_logical_emit_message(false, 'chaos', 'x')")
                connection.execute("SELECT pg_switch_wal()")
    except psycopg.Error:
        return  # the server died, which its log shows


def _find_postmaster(stack: RunningStack) -> psutil.Process:
    processes = process_control.filter_by_kind(
        process_control.find_stack_processes(stack.home.folder), "postgres"
    )
    pids = {process.pid for process in processes}
    return next(process for process in processes if process.ppid() not in pids)


def _send_signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        if process_control.is_alive(process):
            process.send_signal(number)
