"""Network namespaces: machines with two network cards each, a switch between them, no cable.

One namespace is the room where the services stand; it also holds the two switches (bridges).
``cluster`` is the network between the nodes, ``data`` the one to the services. A card is cut by
taking its port out of the switch: no packet passes, no connection is told.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET of <sched.h>
SERVICES = 1
"""Last part of the services' address in the data network."""


class Network(StrEnum):
    """What a node's two cards are plugged into."""

    CLUSTER = "cluster"
    DATA = "data"


_PREFIX = {Network.CLUSTER: "10.77.0", Network.DATA: "10.88.0"}


def missing_requirement() -> str:
    """Why this machine cannot have namespaces; empty when it can."""
    if os.getuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "`ip` is missing: install iproute2"
    name = f"nio{os.getpid()}try"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    if tried.returncode != 0:
        return f"this machine does not let us make namespaces: {tried.stderr.decode().strip()}"
    _ip("netns", "del", name)
    return ""


def address(network: Network, number: int) -> str:
    """Of machine ``number`` in a network; ``SERVICES`` stands in the data network only."""
    return f"{_PREFIX[network]}.{number}"


class NetworkNamespaces:
    """The room with the switches, and the machines in it."""

    def __init__(self) -> None:
        self._prefix = f"nio{os.getpid()}"
        self._made: list[str] = []

    @property
    def room(self) -> str:
        """Namespace of the services."""
        return f"{self._prefix}room"

    def open(self) -> None:
        """Make the room, its switches and its address."""
        self._add(self.room)
        for network in Network:
            self._within(self.room, "link", "add", _switch(network), "type", "bridge")
            self._within(self.room, "link", "set", _switch(network), "up")
        self._give(self.room, _switch(Network.DATA), address(Network.DATA, SERVICES))

    def add(self, number: int) -> str:
        """A machine with both cards plugged in; returns the name of its namespace."""
        name = f"{self._prefix}n{number}"
        self._add(name)
        for network in Network:
            port = _port(network, number)
            _ip(
                "link",
                "add",
                network,
                "netns",
                name,
                "type",
                "veth",
                "peer",
                "name",
                port,
                "netns",
                self.room,
            )
            self._within(self.room, "link", "set", port, "up")
            self._give(name, network, address(network, number))
            self.heal(number, network)
        return name

    def cut(self, number: int, network: Network) -> None:
        """Pull the plug."""
        self._within(self.room, "link", "set", _port(network, number), "nomaster")

    def heal(self, number: int, network: Network) -> None:
        """Put the plug back."""
        self._within(self.room, "link", "set", _port(network, number), "master", _switch(network))

    def remove(self, number: int) -> None:
        """Take the machine away with its cards."""
        name = f"{self._prefix}n{number}"
        if name in self._made:
            self._made.remove(name)
            # The namespace lives on until its last process is buried, its cables need not.
            for network in Network:
                self._within(self.room, "link", "del", _port(network, number))
            _ip("netns", "del", name)

    def close(self) -> None:
        """Remove every namespace that was made."""
        while self._made:
            _ip("netns", "del", self._made.pop())

    def _add(self, name: str) -> None:
        _ip("netns", "add", name)
        self._made.append(name)
        self._within(name, "link", "set", "lo", "up")

    def _give(self, name: str, card: str, own: str) -> None:
        self._within(name, "addr", "add", f"{own}/24", "dev", card)
        self._within(name, "link", "set", card, "up")

    def _within(self, name: str, *arguments: str) -> None:
        _ip("-n", name, *arguments)


@contextmanager
def run_inside(namespace: str) -> Iterator[None]:
    """This thread, the threads and processes it starts, and its sockets are in the namespace."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        with open(f"/run/netns/{namespace}", "rb") as file:
            _enter(file.fileno())
        try:
            yield
        finally:
            _enter(home)
    finally:
        os.close(home)


def _enter(descriptor: int) -> None:
    # os.setns came with Python 3.12.
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _NEW_NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _switch(network: Network) -> str:
    return f"br-{network}"


def _port(network: Network, number: int) -> str:
    return f"{network[0]}-n{number}"


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr.decode().strip()}"
