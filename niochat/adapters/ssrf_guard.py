"""Restricts URLs of tenants to the public internet, unless the installation allows more.

A name may resolve to a public address when it is checked and to a private one a second later. So
the address is checked where the socket is created, after every lookup, whatever the name was and
however the address was written. Checking a URL earlier only gives a better error message.
"""

import socket
from collections.abc import Iterable, Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

from aiohappyeyeballs import AddrInfoType
from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver

from niochat.domain.errors import InvalidInputError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_BLOCKED_NETWORKS: tuple[Network, ...] = tuple(
    ip_network(each)
    for each in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
    )
)
"""Blocked in addition to the networks that the standard library reports as not global, because
these differ between its versions. The one public address is Azure's metadata service.
"""
_UNICAST = ip_network("2000::/3")
"""All global unicast addresses of IPv6 today (RFC 4291, 2.4)."""
_NAT64 = ip_network("64:ff9b::/96")
"""Addresses that contain an IPv4 address (RFC 6052)."""


PRIVATE_ADDRESS_MESSAGE = (
    "the address is private: use a public one, or have the operator allow its network "
    "(NIOCHAT_PRIVATE_NETWORKS)"
)


class ForbiddenAddressError(OSError):
    """The connection was refused because its target is a private address."""


class SsrfGuard:
    """Checks addresses and URLs. ``allowed`` are private networks that may be reached all the same.
    ``resolver`` resolves host names; the default is the system's resolver.
    """

    def __init__(
        self, allowed: Iterable[Network] = (), resolver: AbstractResolver | None = None
    ) -> None:
        self._allowed = tuple(allowed)
        self.resolver = resolver

    def is_allowed(self, address: str) -> bool:
        """Whether a connection may lead to this numeric address."""
        return all(
            self._is_allowed(each)
            for each in _embedded_addresses(ip_address(address.partition("%")[0]))
        )

    def create_socket(self, info: AddrInfoType) -> socket.socket:
        """Create the socket for a connection to this address, for ``aiohttp.TCPConnector``.
        Raises ``ForbiddenAddressError``.
        """
        family, kind, protocol, _, socket_address = info
        if not self.is_allowed(str(socket_address[0])):
            raise ForbiddenAddressError(PRIVATE_ADDRESS_MESSAGE)
        return socket.socket(family, kind, protocol)

    async def check_url(self, url: str) -> None:
        """Check a URL before it is stored. A name that cannot be resolved now passes, because every
        connection is checked again. Raises ``InvalidInputError`` (``private_address``).
        """
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        try:
            addresses = await (self.resolver or ThreadedResolver()).resolve(
                host, port, socket.AF_UNSPEC
            )
        except OSError:
            return
        if not all(self.is_allowed(each["host"]) for each in addresses):
            raise InvalidInputError(
                f"{host} resolves to a private address. Use a public address, or ask the "
                f"operator to "
                "allow the network in NIOCHAT_PRIVATE_NETWORKS",
                code="private_address",
            )

    async def check_secret_url(self, url: str) -> None:
        """Check a URL to which secrets will be sent: by HTTPS, or by HTTP within an allowed private
        network. Raises ``InvalidInputError`` (``private_address``, ``insecure_url``).
        """
        await self.check_url(url)
        parts = urlsplit(url)
        if parts.scheme == "https" or await self._is_allowed_network(parts.hostname or ""):
            return
        raise InvalidInputError(
            "The secret would be sent in clear text. Use an https:// URL; http:// is for private "
            "networks that the operator has allowed in NIOCHAT_PRIVATE_NETWORKS",
            code="insecure_url",
        )

    async def _is_allowed_network(self, host: str) -> bool:
        """Whether the name resolves to addresses in allowed private networks only."""
        resolver = self.resolver or ThreadedResolver()
        try:
            resolved = await resolver.resolve(host, 0, socket.AF_UNSPEC)
        except OSError:
            return False
        addresses = [ip_address(each["host"].partition("%")[0]) for each in resolved]
        return all(any(each in network for network in self._allowed) for each in addresses)

    def _is_allowed(self, address: Address) -> bool:
        if any(address in network for network in self._allowed):
            return True
        if not address.is_global or address.is_multicast:
            return False
        if address.version == 6 and address not in _UNICAST:
            return False
        return not any(address in network for network in _BLOCKED_NETWORKS)


def _embedded_addresses(address: Address) -> Iterator[Address]:
    """The address, and the IPv4 address that is embedded in an IPv6 one."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    if address in _NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
