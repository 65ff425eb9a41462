"""Two contacts turn out to be one person: what one of them asked for holds for both."""

import pytest

from niochat.domain.conversation import commands as cmd
from tests.insights.follow_ups.conftest import DAY, HOUR, FollowUpFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def test_opt_out_and_complaint_of_the_other_contact_hold(follow_ups: FollowUpFixture) -> None:
    thread, other = await follow_ups.interested(), await follow_ups.given.thread(follow_ups.place)
    admin = follow_ups.given.admin
    await admin.execute(
        "UPDATE contacts SET opted_out_at = now(), opted_out_by = 'customer',"
        " opted_out_reason = 'rating'"
        " WHERE id = (SELECT contact_id FROM threads WHERE id = $1)",
        other,
    )
    await admin.execute(
        "INSERT INTO complaints SELECT tenant_id, contact_id, now() FROM threads WHERE id = $1",
        other,
    )
    await follow_ups.do(thread, cmd.MergeThread(str(other)))

    (row,) = await admin.fetch(
        "SELECT k.opted_out_reason, p.complained_at IS NOT NULL AS complained"
        " FROM threads t JOIN contacts k ON k.id = t.contact_id"
        " LEFT JOIN complaints p ON p.contact_id = k.id WHERE t.id = $1",
        thread,
    )
    assert (row["opted_out_reason"], row["complained"]) == ("rating", True)
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)
    assert await follow_ups.watch(thread) == []
    assert await follow_ups.follow_ups() == [("stopped", "opted_out", 0)]


async def test_nobody_waits_for_an_answer_in_a_merged_thread(follow_ups: FollowUpFixture) -> None:
    thread, other = await follow_ups.interested(), await follow_ups.given.thread(follow_ups.place)
    await follow_ups.do(thread, cmd.ResolveConversation("ana"))
    await follow_ups.watch()
    await follow_ups.pass_time(DAY + HOUR)
    await follow_ups.watch()
    await follow_ups.host.run(thread)
    await follow_ups.do(thread, cmd.MergeThread(str(other)))

    assert await follow_ups.leave(thread) == [], "what has not left never will"
    (state,) = (await follow_ups.given.states(thread)).values()
    assert state.follow_up is not None
    assert state.follow_up.answer_until is None
