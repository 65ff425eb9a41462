"""Who may come in at a door now: its line is bounded, and no tenant has all of it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from niochat.domain.errors import TooMany, Unavailable
from niochat.ingress.flood import FloodGuard

MOST = 400
"""Webhooks in one replica at once, fewer than Serve lets in: what is refused hears why."""
MOST_OF_TENANT = 300
"""Of these, webhooks of one tenant: its slow gateway or its rush leaves room for the others."""


class Admission:
    """Counts what is in progress in one replica."""

    def __init__(self, guard: FloodGuard | None = None) -> None:
        self._guard = guard
        self._of_tenants: Counter[UUID] = Counter()
        self.in_progress = 0

    @contextmanager
    def request(self) -> Iterator[None]:
        """A place for any request. Raises ``Unavailable`` (``crowded``) when there is none."""
        if self.in_progress >= MOST:
            raise Unavailable("too many webhooks wait here: send it again", code="crowded")
        self.in_progress += 1
        try:
            yield
        finally:
            self.in_progress -= 1

    @contextmanager
    def tenant(self, tenant_id: UUID) -> Iterator[None]:
        """A place for a request that is known to be the tenant's.

        Raises ``TooMany`` (``flood``) when it sends more than any provider may, ``Unavailable``
        (``crowded``) when too many of its requests wait already.
        """
        wait_s = self._guard.refuse_s(tenant_id) if self._guard is not None else 0.0
        if wait_s > 0:
            raise TooMany(
                "too many webhooks of this provider: send it again later", wait_s, code="flood"
            )
        if self._of_tenants[tenant_id] >= MOST_OF_TENANT:
            raise Unavailable("too many webhooks of this provider wait here", code="crowded")
        self._of_tenants[tenant_id] += 1
        try:
            yield
        finally:
            self._of_tenants[tenant_id] -= 1
            if not self._of_tenants[tenant_id]:
                del self._of_tenants[tenant_id]
