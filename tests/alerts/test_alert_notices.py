"""Whom the product tells of alerts, when, and what it does when they cannot be reached."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest

from niochat.adapters.postgres.database import Connection
from niochat.alerts import alert_notifier
from niochat.alerts.alert_evaluator import _tell_at
from niochat.domain.alerts.alert_kinds import AlertKind
from niochat.domain.alerts.alert_rule import AlertRule
from niochat.mail.mail_outbox import MailMessage, MailOutbox
from tests.alerts.conftest import AlertFixture
from tests.insights.hand_computed_week import SAO_PAULO

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

QUIET_ALL_DAY = {"quiet_from": time(0, 0, 1), "quiet_until": time(0, 0)}


async def start_alert(alerting: AlertFixture) -> None:
    await alerting.wait_in_queue(3)
    await alerting.evaluate()


async def end_alert(alerting: AlertFixture) -> None:
    await alerting.wait_in_queue(0)
    await alerting.evaluate()


async def test_mails_tell_of_the_beginning_and_the_end(alerting: AlertFixture) -> None:
    await alerting.rule(emails=("ana@example.com", "bia@example.com"))
    await start_alert(alerting)
    await alerting.tell()
    await end_alert(alerting)
    await alerting.tell()

    told = [(mail["To"], mail["Subject"].split(":")[0]) for mail in alerting.identity.mails]
    assert sorted(told[:2]) == [("ana@example.com", "Alerta"), ("bia@example.com", "Alerta")]
    assert [subject for _, subject in told[2:]] == ["Fim do alerta"] * 2
    text = alerting.identity.mails[0].get_content()
    assert "Valor: 3 aguardando" in text
    assert "a partir de 2 aguardando" in text
    assert "https://desk.example.com/alertas" in text
    assert {status for _, _, status in await alerting.notices()} == {"sent"}


async def test_a_webhook_is_signed_and_says_what_happened(alerting: AlertFixture) -> None:
    saved = await alerting.rule(webhook_url=alerting.receiver.url)
    assert saved.new_secret is not None
    await start_alert(alerting)
    await alerting.tell()
    await end_alert(alerting)
    await alerting.tell()

    started, ended = alerting.receiver.documents(saved.new_secret)
    assert (started["type"], ended["type"]) == ("alert.started", "alert.ended")
    (alert,) = await alerting.alerts()
    assert started["data"]["id"] == ended["data"]["id"] == str(alert["id"])
    assert started["data"] | {"ended_at": None} == started["data"]
    assert (started["data"]["value"], started["data"]["threshold"]) == (3, 2)
    assert datetime.fromisoformat(ended["data"]["ended_at"]) == alert["ended_at"]


async def test_a_webhook_is_tried_again_under_the_same_id(alerting: AlertFixture) -> None:
    await alerting.rule(webhook_url=alerting.receiver.url)
    alerting.receiver.statuses.extend([500, 429])
    await start_alert(alerting)
    for _ in range(3):
        await alerting.tell()
        await alerting.given.admin.execute("UPDATE alert_notices SET next_at = now()")
    ids = {headers["webhook-id"] for headers, _ in alerting.receiver.requests}
    assert (len(alerting.receiver.requests), len(ids)) == (3, 1)
    (notice,) = (await alerting.alerts())[0]["notices"]
    assert (notice["status"], notice["attempts"]) == ("sent", 3)


async def test_a_webhook_that_refuses_is_not_tried_again(alerting: AlertFixture) -> None:
    await alerting.rule(webhook_url=alerting.receiver.url)
    alerting.receiver.statuses.append(403)
    await start_alert(alerting)
    await alerting.tell()
    (notice,) = (await alerting.alerts())[0]["notices"]
    assert (notice["status"], notice["code"]) == ("failed", "http_403")


async def test_a_webhook_is_given_up_in_the_end(alerting: AlertFixture) -> None:
    await alerting.rule(webhook_url="http://127.0.0.1:9/alertas")
    await start_alert(alerting)
    for _ in range(alert_notifier.MAX_ATTEMPTS + 2):
        await alerting.tell()
        await alerting.given.admin.execute("UPDATE alert_notices SET next_at = now()")
    (notice,) = (await alerting.alerts())[0]["notices"]
    assert (notice["status"], notice["attempts"]) == ("failed", alert_notifier.MAX_ATTEMPTS)


async def test_a_process_that_dies_before_it_settles_sends_again(alerting: AlertFixture) -> None:
    await alerting.rule(webhook_url=alerting.receiver.url)
    await start_alert(alerting)
    async with alerting.deadly("alert_notices", "NEW.status = 'sent'"):
        await alerting.notifier.send_due()
    assert await alerting.notices() == [("started", "webhook", "sending")]
    await alerting.given.admin.execute("UPDATE alert_notices SET next_at = now()")
    await alerting.tell()
    ids = {headers["webhook-id"] for headers, _ in alerting.receiver.requests}
    assert (len(alerting.receiver.requests), len(ids)) == (2, 1)
    assert await alerting.notices() == [("started", "webhook", "sent")]


async def test_a_process_that_dies_while_it_queues_a_mail_has_queued_none(
    alerting: AlertFixture,
) -> None:
    await alerting.rule(emails=("ana@example.com",))
    await start_alert(alerting)
    async with alerting.deadly("alert_notices", "NEW.mail_id IS NOT NULL"):
        await alerting.notifier.send_due()
    assert await alerting.given.count("mails") == 0
    await alerting.given.admin.execute("UPDATE alert_notices SET next_at = now()")
    await alerting.tell()
    assert len(alerting.identity.mails) == 1


async def test_a_mail_of_a_notice_that_was_claimed_again_is_queued_once(
    alerting: AlertFixture,
) -> None:
    class SlowMails(MailOutbox):
        """Takes so long that the notice is claimed again."""

        async def enqueue(self, connection: Connection, mail: MailMessage, now: datetime) -> UUID:
            await alerting.given.admin.execute("UPDATE alert_notices SET attempts = attempts + 1")
            return await super().enqueue(connection, mail, now)

    await alerting.rule(emails=("ana@example.com",))
    await start_alert(alerting)
    await alerting.new_notifier(
        SlowMails(alerting.database, alerting.identity.vault, "NioChat <niochat@example.com>")
    ).send_due()
    assert await alerting.given.count("mails") == 0
    await alerting.given.admin.execute("UPDATE alert_notices SET next_at = now()")
    await alerting.tell()
    assert len(alerting.identity.mails) == 1


async def test_nobody_is_told_in_quiet_times(alerting: AlertFixture) -> None:
    await alerting.rule(emails=("ana@example.com",), **QUIET_ALL_DAY)
    await start_alert(alerting)
    await alerting.tell()
    assert alerting.identity.mails == []
    (notice,) = (await alerting.alerts())[0]["notices"]
    assert notice["status"] == "queued"
    assert datetime.fromisoformat(notice["due_at"]) > datetime.now(UTC)

    await alerting.given.admin.execute("UPDATE alert_notices SET next_at = now()")  # it is over
    await alerting.tell()
    assert len(alerting.identity.mails) == 1


async def test_an_alert_that_ends_within_the_quiet_time_is_told_to_nobody(
    alerting: AlertFixture,
) -> None:
    await alerting.rule(emails=("ana@example.com",), **QUIET_ALL_DAY)
    await start_alert(alerting)
    await end_alert(alerting)
    await alerting.given.admin.execute("UPDATE alert_notices SET next_at = now()")
    await alerting.tell()
    assert alerting.identity.mails == []
    assert await alerting.notices() == [("started", "email", "dropped")]


async def test_the_end_is_told_to_whom_the_beginning_was_told(alerting: AlertFixture) -> None:
    await alerting.rule(emails=("ana@example.com",), webhook_url=alerting.receiver.url)
    alerting.receiver.statuses.append(403)
    await start_alert(alerting)
    await alerting.tell()
    await end_alert(alerting)
    await alerting.tell()
    assert await alerting.notices() == [
        ("started", "email", "sent"),
        ("started", "webhook", "failed"),
        ("ended", "email", "sent"),
    ]


@pytest.mark.parametrize(
    ("local", "told"),
    [
        (datetime(2026, 6, 15, 21, 59), datetime(2026, 6, 15, 21, 59)),
        (datetime(2026, 6, 15, 22, 0), datetime(2026, 6, 16, 7, 0)),
        (datetime(2026, 6, 16, 3, 0), datetime(2026, 6, 16, 7, 0)),
        (datetime(2026, 6, 16, 7, 0), datetime(2026, 6, 16, 7, 0)),
    ],
)
async def test_a_notice_waits_for_the_end_of_the_quiet_time(
    local: datetime, told: datetime
) -> None:
    rule = AlertRule(
        AlertKind.QUEUE_LONG, 2, 1, quiet_from=time(22), quiet_until=time(7), hold_minutes=0
    )
    now = local.replace(tzinfo=SAO_PAULO)
    found = _tell_at(rule, now.astimezone(UTC), SAO_PAULO)
    assert found - told.replace(tzinfo=SAO_PAULO) == timedelta()
