"""A provider with alert rules, and those who are told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from ipaddress import ip_network
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from niochat.adapters.http_pool import HttpTransport
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.alerts.alert_evaluator import AlertEvaluator, MeasureAlertValue
from niochat.alerts.alert_notifier import AlertNotifier
from niochat.alerts.alert_rule_store import (
    AlertRuleContent,
    AlertRuleEditor,
    AlertRuleStore,
    SavedAlertRule,
)
from niochat.alerts.alert_values import measure_alert_value
from niochat.domain.alerts.alert_kinds import AlertKind
from niochat.domain.alerts.alert_rule import AlertRule
from niochat.mail.mail_outbox import MailOutbox
from niochat.ports.audit import AuditActor, AuditActorKind
from tests.alerts.webhook_receiver import WebhookReceiver, start_webhook_receiver
from tests.builders import ChannelRef, RowBuilder
from tests.identity.conftest import IdentityFixture, clock, identity

__all__ = ["clock", "identity"]

LOOPBACK = SsrfGuard([ip_network("127.0.0.0/8")])


@dataclass
class AlertFixture:
    """The product's side of one provider, and the outside."""

    identity: IdentityFixture
    given: RowBuilder
    place: ChannelRef
    transport: HttpTransport
    receiver: WebhookReceiver
    announced: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = self.identity.database
        self.store = AlertRuleStore(self.database, self.identity.vault, LOOPBACK.check_url)
        self.editor = AlertRuleEditor(
            self.place.tenant, AuditActor(AuditActorKind.USER, str(uuid4()))
        )
        self.evaluator = self.new_evaluator()
        self.notifier = self.new_notifier(self.identity.post)

    def new_evaluator(self, measure: MeasureAlertValue = measure_alert_value) -> AlertEvaluator:
        """Another process."""
        return AlertEvaluator(
            self.database, self.database, self._announce, interval_s=0, measure=measure
        )

    def new_notifier(self, mails: MailOutbox) -> AlertNotifier:
        """Another process."""
        vault, url = self.identity.vault, "https://desk.example.com"
        return AlertNotifier(self.database, vault, mails, self.transport, url)

    @asynccontextmanager
    async def deadly(self, table: str, condition: str) -> AsyncIterator[None]:
        """Whoever writes such a row dies within the transaction: the server ends its session."""
        await self.given.admin.execute(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
            " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'"
        )
        await self.given.admin.execute(
            f"CREATE TRIGGER deadly BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW"
            f" WHEN ({condition}) EXECUTE FUNCTION die()"
        )
        try:
            yield
        finally:
            await self.given.admin.execute(f"DROP TRIGGER deadly ON {table}")
            await self.given.admin.execute("DROP FUNCTION die")

    async def _announce(self, tenant_id: UUID) -> None:
        self.announced.append(tenant_id)

    async def rule(self, **changes: Any) -> SavedAlertRule:
        """A rule for two waiting customers."""
        values: dict[str, Any] = {
            "kind": AlertKind.QUEUE_LONG,
            "threshold": 2,
            "clear_threshold": 1,
            "hold_minutes": 0,
        }
        told = {key: changes.pop(key) for key in ("emails", "webhook_url") if key in changes}
        content = AlertRuleContent("Fila grande", AlertRule(**{**values, **changes}), **told)
        return await self.store.create(self.editor, content)

    async def wait_in_queue(self, number: int, *, team: str | None = "atendimento") -> None:
        """So many customers wait, and no more."""
        await self.given.admin.execute(
            "UPDATE conversations SET status = 'resolved', resolved_at = now(),"
            " waiting_since = NULL WHERE tenant_id = $1",
            self.place.tenant,
        )
        for _ in range(number):
            thread = await self.given.thread(self.place)
            await self.given.admin.execute(
                "INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, team,"
                " version, state, schema_version, waiting_since, opened_at, changed_at)"
                " VALUES ($1, $2, $3, $4, 'waiting', $5, 1, '{}', 6, now(), now(), now())",
                self.place.tenant,
                id := uuid4(),
                thread,
                str(id),
                team,
            )

    async def evaluate(self, times: int = 1) -> None:
        """All rules, so many times."""
        for _ in range(times):
            await self.evaluator.run_until_done()

    async def pass_minutes(self, minutes: int) -> None:
        """All that was stored is older by so many minutes."""
        for column in ("bad_since", "good_since"):
            await self.given.admin.execute(
                f"UPDATE alert_rules SET {column} = {column} - make_interval(mins => $1)", minutes
            )

    async def alerts(self) -> list[dict[str, Any]]:
        """All alerts of the provider, latest first."""
        return await self.store.list_alerts(self.place.tenant, lasting=False, limit=50)

    async def notices(self) -> list[tuple[str, str, str]]:
        """(change, way, status) of all notices."""
        return [
            (row["change"], row["way"], row["status"])
            for row in await self.given.admin.fetch(
                "SELECT * FROM alert_notices ORDER BY created_at, way"
            )
        ]

    async def tell(self) -> None:
        """What is due is sent, mails as well."""
        while await self.notifier.send_due():
            pass
        self.identity.clock.advance(seconds=60)
        await self.identity.post.send_due(self._deliver, self.identity.clock.now)
        await self.notifier.send_due()

    async def _deliver(self, message: EmailMessage) -> None:
        self.identity.mails.append(message)


@pytest_asyncio.fixture
async def alerting(identity: IdentityFixture, given: RowBuilder) -> AsyncIterator[AlertFixture]:
    """One provider."""
    transport = HttpTransport(2, LOOPBACK)
    async with start_webhook_receiver() as receiver:
        yield AlertFixture(identity, given, await given.place(), transport, receiver)
    await transport.close()
