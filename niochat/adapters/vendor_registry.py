"""Registers vendors by kind: the word that names an adapter in configuration, database and URLs."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from niochat.domain.errors import InvalidInputError, UnavailableError


class Vendor(Protocol):
    """What every vendor in a registry has."""

    @property
    def kind(self) -> str:
        """The vendor's short name, in lower case."""
        ...


VendorT = TypeVar("VendorT", bound=Vendor)


class VendorRegistry(Generic[VendorT]):
    """The vendors of one port, by kind."""

    def __init__(self, port: str, vendors: Iterable[VendorT]) -> None:
        """``port`` names the port in error messages, for example "gateway"."""
        self._port = port
        self._vendors = {vendor.kind: vendor for vendor in vendors}

    @property
    def kinds(self) -> list[str]:
        """All known kinds, sorted."""
        return sorted(self._vendors)

    def find(self, kind: str) -> VendorT | None:
        """The vendor of this kind, or ``None``."""
        return self._vendors.get(kind)

    def require(self, kind: str) -> VendorT:
        """The vendor of this kind. Raises ``InvalidInputError`` that lists the known kinds."""
        vendor = self._vendors.get(kind)
        if vendor is None:
            raise InvalidInputError(self.describe_unknown(), code="unknown_kind")
        return vendor

    def require_stored(self, kind: str) -> VendorT:
        """The vendor of a kind that was checked when it was stored. Raises ``UnavailableError``
        (``unknown_kind``): a newer version stored it, so the work waits for a process that knows
        the kind.
        """
        vendor = self._vendors.get(kind)
        if vendor is None:
            raise UnavailableError(self.describe_unknown(), code="unknown_kind")
        return vendor

    def describe_unknown(self) -> str:
        """The message about an unknown kind, without the kind: it may be a secret by mistake."""
        return f"unknown kind of {self._port}: use one of {', '.join(self.kinds)}"

    @contextmanager
    def registered(self, vendor: VendorT) -> Iterator[None]:
        """Add a vendor until the block ends, for adapters outside the product."""
        if vendor.kind in self._vendors:
            raise ValueError(f"the kind {vendor.kind} is registered already")
        self._vendors[vendor.kind] = vendor
        try:
            yield
        finally:
            del self._vendors[vendor.kind]
