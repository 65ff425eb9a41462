"""The ports of a stack: chosen once and kept, so that webhook addresses outlive a restart."""

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

# Above the ports Ray gives its workers (10000 to 19999) and below those the kernel gives to
# outgoing connections (from 32768), so neither takes one between our look and the bind.
_FIRST, _LAST = 20_000, 31_999
_PORTS = range(1, 65_536)
# Replicas listen on ports of their own, and Serve gives a freed port back only after minutes.
REPLICA_PORT_COUNT = 100


@dataclass(frozen=True)
class StackPorts:
    """Every fixed port of a stack. `replica_http` and `replica_grpc` start blocks of
    `REPLICA_PORT_COUNT`."""

    http: int
    postgres: int
    redis: int
    sandbox: int
    smtp: int
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

    @classmethod
    def allocate(
        cls, home: HomeFolder, http: int | None = None, reservation: PortReservation | None = None
    ) -> Self:
        """The ports kept in `home`; what is missing or taken by others is chosen anew.

        Call it when nothing of this stack runs any more. A port given as `http` is used or
        refused, never replaced. With a `claim`, no other stack gets the HTTP port meanwhile.
        """
        file = home.folder / "stack.json"
        kept = read_json(file)
        passing = PortReservation()
        before = kept.get("ports")
        settled = _choose_ports(
            before if isinstance(before, dict) else {}, http, reservation or passing
        )
        ports = cls(**settled)
        passing.release()
        write_json(file, kept | {"ports": asdict(ports)})
        return ports


class PortReservation:
    """A hold on one HTTP port from its choice until the launcher ends, however it ends.

    HAProxy binds it seconds after the choice, and another stack would look in between.
    """

    def __init__(self) -> None:
        self._descriptor: int | None = None

    def try_acquire(self, port: int) -> bool:
        """Hold `port` if nobody listens on it and no stack of this user holds it."""
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
        """Let the port go; nothing happens when none is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_port_free(port: int) -> bool:
    """Whether nobody on this machine listens on `port`, on any address."""
    with socket.socket() as probe:
        # Without this a closed connection of a minute ago (TIME_WAIT) looks like a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


def _choose_ports(
    kept: Mapping[str, object], http: int | None, claim: PortReservation
) -> dict[str, int]:
    chosen: dict[str, int] = {"http": _choose_http_port(kept.get("http"), http, claim)}
    taken = set(_port_range("http", chosen["http"]))
    for name in (field.name for field in fields(StackPorts) if field.name != "http"):
        candidates = _candidates(kept.get(name))
        chosen[name] = next(
            (port for port in candidates if _usable(_port_range(name, port), taken)), 0
        )
        if not chosen[name]:
            raise StackError(f"No free port between {_FIRST} and {_LAST} for {name}.")
        taken.update(_port_range(name, chosen[name]))
    return chosen


def _choose_http_port(kept: object, asked: int | None, claim: PortReservation) -> int:
    if asked is not None:
        if asked not in _PORTS:
            raise PortInUseError(
                f"{asked} is no port: give --port a number from 1 to 65535, or leave it away "
                "and one is chosen."
            )
        if not _may_bind(asked):
            raise PortInUseError(
                f"Port {asked} is the administrator's: choose one from 1024 on with --port, or "
                "leave it away and one is chosen."
            )
        if not claim.try_acquire(asked):
            raise PortInUseError(
                f"Port {asked} is used by another program. Stop that one, or choose another "
                "port with --port, or leave --port away and one is chosen."
            )
        return asked
    wanted = (*_kept_port(kept), DEFAULT_HTTP_PORT, *_candidates(None))
    return next(port for port in wanted if claim.try_acquire(port))


def _may_bind(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            return False
        except OSError:
            return True  # taken, which is another matter
    return True


def _kept_port(kept: object) -> Iterator[int]:
    """What the home remembers, if it is a port: the file may have been written by hand."""
    if isinstance(kept, int) and kept in _PORTS:
        yield kept


def _candidates(kept: object) -> Iterator[int]:
    yield from _kept_port(kept)
    # A random order keeps two stacks that start together apart.
    yield from random.sample(range(_FIRST, _LAST - REPLICA_PORT_COUNT), 2_000)


def _port_range(name: str, port: int) -> range:
    return range(port, port + (REPLICA_PORT_COUNT if name.startswith("replica_") else 1))


def _usable(span: range, taken: set[int]) -> bool:
    return taken.isdisjoint(span) and all(is_port_free(port) for port in span)
