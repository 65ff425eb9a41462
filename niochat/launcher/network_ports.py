"""The ports of a stack. They are chosen once and stored, so that webhook URLs survive a restart."""

from __future__ import annotations

import fcntl
import os
import random
import socket
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Self

from niochat.launcher.home_folder import HomeFolder, read_json, write_json
from niochat.launcher.stack_errors import PortInUseError, StackError

DEFAULT_HTTP_PORT = 8000

# Above the ports that Ray gives its workers (10000 to 19999) and below those that the kernel gives
# to outgoing connections (from 32768), so neither takes one between our check and the bind.
_FIRST, _LAST = 20_000, 31_999
_PORTS = range(1, 65_536)
# Each replica listens on a port of its own, and Serve reuses a freed port only after minutes.
REPLICA_PORT_COUNT = 100


@dataclass(frozen=True)
class StackPorts:
    """Every fixed port of a stack.

    `replica_http` and `replica_grpc` are the first ports of blocks of `REPLICA_PORT_COUNT`.
    """

    http: int
    postgres: int
    redis: int
    sandbox: int
    smtp: int
    supabase: int
    gcs: int
    ray_client: int
    ray_metrics: int
    dashboard: int
    dashboard_metrics: int
    haproxy_stats: int
    haproxy_metrics: int
    fallback_http: int
    fallback_grpc: int
    replica_http: int
    replica_grpc: int
    desk_dev: int

    @classmethod
    def allocate(
        cls, home: HomeFolder, http: int | None = None, reservation: PortReservation | None = None
    ) -> Self:
        """Load the ports stored in `home`; missing ones and those in use by others are chosen anew.

        Call this when no process of this stack runs. A port passed as `http` is used or refused
        with `PortInUseError`, never replaced. A `reservation` keeps the HTTP port from other
        stacks until it is released. Raises `StackError` when there is no free port.
        """
        file = home.folder / "stack.json"
        stored = read_json(file)
        temporary = PortReservation()
        stored_ports = stored.get("ports")
        chosen = _choose_ports(
            stored_ports if isinstance(stored_ports, dict) else {}, http, reservation or temporary
        )
        ports = cls(**chosen)
        temporary.release()
        write_json(file, stored | {"ports": asdict(ports)})
        return ports


class PortReservation:
    """Reserves one HTTP port by a file lock, which the kernel releases when the launcher dies.

    HAProxy binds the port seconds after it was chosen. Without the reservation another stack
    could choose the same port in between.
    """

    def __init__(self) -> None:
        self._descriptor: int | None = None

    def try_acquire(self, port: int) -> bool:
        """Reserve `port` if no program listens on it and no stack of this user has reserved it."""
        if not is_port_free(port):
            return False
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(f"/tmp/niochat-{os.getuid()}-port-{port}", flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self.release()
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Release the reserved port; no-op when there is none."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_port_free(port: int) -> bool:
    """Whether no program on this machine listens on `port`, on any address."""
    with socket.socket() as probe:
        # Without this, a connection in TIME_WAIT counts as a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


def _choose_ports(
    stored: Mapping[str, object], http: int | None, reservation: PortReservation
) -> dict[str, int]:
    chosen: dict[str, int] = {"http": _choose_http_port(stored.get("http"), http, reservation)}
    taken = set(_port_range("http", chosen["http"]))
    for name in (field.name for field in fields(StackPorts) if field.name != "http"):
        candidates = _candidates(stored.get(name))
        chosen[name] = next(
            (port for port in candidates if _usable(_port_range(name, port), taken)), 0
        )
        if not chosen[name]:
            raise StackError(f"No free port between {_FIRST} and {_LAST} for {name}.")
        taken.update(_port_range(name, chosen[name]))
    return chosen


def _choose_http_port(stored: object, requested: int | None, reservation: PortReservation) -> int:
    if requested is not None:
        if requested not in _PORTS:
            raise PortInUseError(
                f"{requested} is no port: give --port a number from 1 to 65535, or omit it "
                "to have one chosen."
            )
        if not _may_bind(requested):
            raise PortInUseError(
                f"Port {requested} needs administrator rights: choose one from 1024 on with "
                "--port, or omit --port to have one chosen."
            )
        if not reservation.try_acquire(requested):
            raise PortInUseError(
                f"Port {requested} is used by another program. Stop that program, choose another "
                "port with --port, or omit --port to have one chosen."
            )
        return requested
    candidates = (*_stored_port(stored), DEFAULT_HTTP_PORT, *_candidates(None))
    return next(port for port in candidates if reservation.try_acquire(port))


def _may_bind(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            return False
        except OSError:
            return True  # in use, which the caller checks
    return True


def _stored_port(stored: object) -> Iterator[int]:
    """The stored value, if it is a valid port: the file may have been edited by hand."""
    if isinstance(stored, int) and stored in _PORTS:
        yield stored


def _candidates(stored: object) -> Iterator[int]:
    yield from _stored_port(stored)
    # Random order, so that two stacks that start together try different ports.
    yield from random.sample(range(_FIRST, _LAST - REPLICA_PORT_COUNT), 2_000)


def _port_range(name: str, port: int) -> range:
    return range(port, port + (REPLICA_PORT_COUNT if name.startswith("replica_") else 1))


def _usable(ports: range, taken: set[int]) -> bool:
    return taken.isdisjoint(ports) and all(is_port_free(port) for port in ports)
