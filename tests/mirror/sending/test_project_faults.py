"""Whatever a project does, everything arrives once it works again: no gap, nothing older."""

from dataclasses import replace

import pytest

from niochat_sandbox.fault_injection.fault_rules import FaultKind, FaultRule, FaultTarget
from tests.mirror.mirror_fixture import MIGRATIONS, MirrorFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


def _fault(kind: FaultKind, path: str = "", **more: float) -> FaultRule:
    rule = FaultRule(FaultTarget.SUPABASE, kind, path=path)
    for name, value in more.items():
        setattr(rule, name, value)
    return rule


async def _again_at_once(mirrored: MirrorFixture) -> None:
    await mirrored.given.admin.execute("UPDATE mirror_positions SET retry_at = now()")


@pytest.mark.parametrize(
    "fault",
    [
        _fault(FaultKind.STATUS, status=500, count=2),
        _fault(FaultKind.STATUS, status=503, count=2),
        _fault(FaultKind.DROP, count=2),
        _fault(FaultKind.LOST_ANSWER, count=2),
        _fault(FaultKind.LOST_ANSWER, "/mensagens", count=1),
        _fault(FaultKind.STATUS, "/rollups", status=504, count=1),
        _fault(FaultKind.MALFORMED, "/conversations", count=1),
        _fault(FaultKind.CUT, "/auditoria", count=1),
    ],
    ids=str,
)
async def test_everything_arrives_once_the_fault_is_over(
    mirrored: MirrorFixture, fault: FaultRule
) -> None:
    await mirrored.insights.serve()
    await mirrored.insights.project()
    mirrored.sandbox.faults.faults = [fault]
    for _ in range(4):
        await mirrored.mirror.run_until_sent()
        await _again_at_once(mirrored)
        await mirrored.insights.serve()
    mirrored.sandbox.faults.faults = []
    await mirrored.send()
    assert len(await mirrored.rows("conversations")) == 5
    assert await mirrored.differences() == []
    assert (await mirrored.position())["failures"] == 0


async def test_the_project_says_when_to_come_back(mirrored: MirrorFixture) -> None:
    await mirrored.insights.serve()
    await mirrored.insights.project()
    mirrored.sandbox.faults.faults = [_fault(FaultKind.STATUS, status=429, retry_after=45)]
    await mirrored.mirror.run_until_sent()
    position = await mirrored.position()
    wait = await mirrored.given.admin.fetchval(
        "SELECT extract(epoch FROM retry_at - now())::float8 FROM mirror_positions"
    )
    assert position["failure"] == "rate_limited"
    assert 30 < wait <= 45
    requests = mirrored.sandbox.counters.requests.total()
    await mirrored.mirror.run_until_sent()
    assert mirrored.sandbox.counters.requests.total() == requests


async def test_pauses_grow_while_a_project_is_down(mirrored: MirrorFixture) -> None:
    await mirrored.insights.serve()
    await mirrored.insights.project()
    await mirrored.sandbox.go_down()
    waits = []
    for _ in range(8):
        await mirrored.mirror.run_until_sent()
        waits.append(
            await mirrored.given.admin.fetchval(
                "SELECT extract(epoch FROM retry_at - now())::float8 FROM mirror_positions"
            )
        )
        await _again_at_once(mirrored)
    assert waits[0] < 1.3
    assert waits[3] > waits[0]
    assert 40 < waits[-1] < 73
    await mirrored.sandbox.come_up()
    await mirrored.send()
    assert await mirrored.differences() == []


@pytest.mark.parametrize(
    ("breaks", "mends", "code"),
    [
        (
            "ALTER TABLE public.mensagens DROP COLUMN file_size",
            "ALTER TABLE public.mensagens ADD COLUMN file_size bigint",
            "schema_missing",
        ),
        (
            "ALTER TABLE public.contacts RENAME TO people",
            "ALTER TABLE public.people RENAME TO contacts",
            "schema_missing",
        ),
        (
            "REVOKE INSERT ON public.conversations FROM service_role",
            "GRANT INSERT ON public.conversations TO service_role",
            "key_refused",
        ),
    ],
)
async def test_what_an_operator_has_to_mend_is_said_and_waited_for(
    mirrored: MirrorFixture, breaks: str, mends: str, code: str
) -> None:
    await mirrored.sandbox.run_sql(breaks)
    await mirrored.insights.serve()
    await mirrored.insights.project()
    await mirrored.mirror.run_until_sent()
    position = await mirrored.position()
    assert position["failure"] == code
    assert "niochat supabase push" in position["failure_detail"]
    assert await mirrored.given.count("mirror_dead_letters") == 0
    await mirrored.sandbox.run_sql(mends)
    await _again_at_once(mirrored)
    await mirrored.send()
    assert await mirrored.differences() == []


async def test_a_wrong_key_is_said(mirrored: MirrorFixture) -> None:
    good = mirrored.target
    mirrored.target = replace(good, key="sb_secret_wrong")
    await mirrored.insights.serve()
    await mirrored.insights.project()
    await mirrored.mirror.run_until_sent()
    assert (await mirrored.position())["failure"] == "key_refused"
    mirrored.target = good
    await _again_at_once(mirrored)
    await mirrored.send()
    assert await mirrored.differences() == []


async def test_entries_of_the_audit_log_alone_are_tried_again(mirrored: MirrorFixture) -> None:
    """No table of the path tells of them, so the failed visit has to be remembered."""
    await mirrored.insights.serve()
    await mirrored.send()
    before = len(await mirrored.rows("auditoria"))
    await mirrored.given.admin.execute(
        "INSERT INTO audit (tenant_id, who_kind, who, action, target, address)"
        " VALUES ($1, 'operator', 'operator', 'users.change', 'user:1', '')",
        mirrored.tenant,
    )
    await mirrored.sandbox.go_down()
    await mirrored.mirror.run_until_sent()
    assert (await mirrored.position())["failure"] == "project_unavailable"
    await mirrored.sandbox.come_up()
    await _again_at_once(mirrored)
    await mirrored.send()
    assert len(await mirrored.rows("auditoria")) == before + 1
    assert (await mirrored.position())["failure"] is None


async def test_the_schema_may_be_pushed_twice(mirrored: MirrorFixture) -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in sorted(MIGRATIONS.glob("*.sql")))
    await mirrored.insights.serve()
    await mirrored.send()
    await mirrored.sandbox.run_sql(text)
    await mirrored.insights.serve()
    await mirrored.send()
    assert await mirrored.differences() == []
