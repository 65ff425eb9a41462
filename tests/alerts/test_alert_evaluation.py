"""Alerts begin and end once, whoever evaluates, dies or changes the rule meanwhile."""

import asyncio
from uuid import UUID

import pytest

from niochat.adapters.postgres.database import Connection
from niochat.alerts.alert_rule_store import AlertRuleContent
from niochat.alerts.alert_values import measure_alert_value
from niochat.domain.alerts.alert_rule import AlertRule
from niochat.domain.errors import UnavailableError
from tests.alerts.conftest import AlertFixture
from tests.builders import ChannelRef, RowBuilder

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def test_an_alert_begins_gets_worse_and_ends(alerting: AlertFixture) -> None:
    await alerting.rule()
    await alerting.wait_in_queue(1)
    await alerting.evaluate()
    assert await alerting.alerts() == []

    await alerting.wait_in_queue(2)
    await alerting.evaluate(2)
    await alerting.wait_in_queue(5)
    await alerting.evaluate()
    (alert,) = await alerting.alerts()
    assert (alert["value"], alert["worst"], alert["ended_at"]) == (2, 5, None)
    (rule,) = await alerting.store.list_rules(alerting.place.tenant)
    assert (rule["value"], rule["alert_id"]) == (5, alert["id"])

    await alerting.wait_in_queue(1)
    await alerting.evaluate(2)
    (alert,) = await alerting.alerts()
    assert alert["ended_at"] > alert["started_at"]
    assert (await alerting.store.list_rules(alerting.place.tenant))[0]["alert_id"] is None
    assert alerting.announced == [alerting.place.tenant] * 2


async def test_an_alert_waits_until_the_value_was_bad_for_long_enough(
    alerting: AlertFixture,
) -> None:
    await alerting.rule(hold_minutes=5)
    await alerting.wait_in_queue(2)
    await alerting.evaluate()
    await alerting.pass_minutes(4)
    await alerting.evaluate()
    assert await alerting.alerts() == []
    await alerting.pass_minutes(1)
    await alerting.evaluate()
    assert len(await alerting.alerts()) == 1

    await alerting.wait_in_queue(0)
    await alerting.evaluate()
    assert (await alerting.alerts())[0]["ended_at"] is None
    await alerting.pass_minutes(5)
    await alerting.evaluate()
    assert (await alerting.alerts())[0]["ended_at"] is not None


async def test_several_processes_begin_an_alert_once(alerting: AlertFixture) -> None:
    await alerting.rule(emails=("ana@example.com",))
    await alerting.wait_in_queue(2)
    await asyncio.gather(*(alerting.new_evaluator().run_once() for _ in range(6)))
    assert len(await alerting.alerts()) == 1
    assert len(await alerting.notices()) == 1


async def test_a_process_that_dies_while_it_measures_loses_nothing(alerting: AlertFixture) -> None:
    async def die(*_: object) -> float | None:
        raise UnavailableError("killed", code="killed")

    await alerting.rule(emails=("ana@example.com",))
    await alerting.wait_in_queue(2)
    await alerting.new_evaluator(die).run_once()
    assert await alerting.alerts() == []
    await alerting.evaluate(2)
    assert len(await alerting.alerts()) == len(await alerting.notices()) == 1


@pytest.mark.parametrize(
    ("table", "condition"),
    [
        ("alerts", "true"),
        ("alert_rules", "NEW.alert_id IS NOT NULL"),
        ("alert_notices", "true"),
    ],
)
async def test_a_process_that_dies_while_it_writes_has_written_nothing(
    alerting: AlertFixture, table: str, condition: str
) -> None:
    await alerting.rule(emails=("ana@example.com",))
    await alerting.wait_in_queue(2)
    async with alerting.deadly(table, condition):
        assert await alerting.evaluator.run_once() == 1
    assert await alerting.alerts() == []
    assert await alerting.given.count("alert_rules", "alert_id IS NOT NULL") == 0
    await alerting.evaluate(2)
    assert len(await alerting.alerts()) == len(await alerting.notices()) == 1


async def test_what_was_measured_for_a_rule_that_changed_meanwhile_does_not_count(
    alerting: AlertFixture,
) -> None:
    saved = await alerting.rule()
    await alerting.wait_in_queue(2)

    async def change_first(connection: Connection, tenant: UUID, rule: AlertRule) -> float | None:
        content = AlertRuleContent("Outra", AlertRule(saved.row["kind"], 50, 10))
        await alerting.store.replace(alerting.editor, saved.row["id"], content, None)
        return await measure_alert_value(connection, tenant, rule)

    await alerting.new_evaluator(change_first).run_once()
    assert await alerting.alerts() == []


async def test_a_changed_or_deleted_rule_leaves_no_alert_that_lasts(alerting: AlertFixture) -> None:
    first, second = await alerting.rule(), await alerting.rule()
    await alerting.wait_in_queue(2)
    await alerting.evaluate()
    content = AlertRuleContent("Outra", AlertRule(first.row["kind"], 50, 10), active=False)
    await alerting.store.replace(alerting.editor, first.row["id"], content, None)
    await alerting.store.delete(alerting.editor, second.row["id"], None)
    assert [alert["ended_at"] is None for alert in await alerting.alerts()] == [False, False]
    await alerting.evaluate()
    assert len(await alerting.alerts()) == 2


async def test_a_rule_counts_its_own_provider_and_team_only(
    alerting: AlertFixture, given: RowBuilder
) -> None:
    await alerting.rule()
    await alerting.rule(team="atendimento")
    here = alerting.place
    alerting.place = ChannelRef(other := await given.tenant(), await given.channel(other))
    await alerting.wait_in_queue(9)
    alerting.place = here
    await alerting.wait_in_queue(3, team=None)
    await alerting.evaluate()
    assert [alert["team"] for alert in await alerting.alerts()] == [None]
    assert await alerting.store.list_alerts(other, lasting=False, limit=9) == []


async def test_a_rule_that_cannot_be_evaluated_does_not_keep_the_others(
    alerting: AlertFixture,
) -> None:
    broken, _ = await alerting.rule(threshold=3, clear_threshold=3), await alerting.rule()
    await alerting.wait_in_queue(4)

    async def fail_for_one(connection: Connection, tenant: UUID, rule: AlertRule) -> float | None:
        if rule.threshold == broken.row["threshold"]:
            raise UnavailableError("too slow", code="timeout")
        return await measure_alert_value(connection, tenant, rule)

    await alerting.new_evaluator(fail_for_one).run_once()
    assert [alert["threshold"] for alert in await alerting.alerts()] == [2]
