"""What a turn finds of its visit, and what it writes down while it runs."""

from datetime import UTC
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.assistant.conversation_facts import ConversationFacts
from niochat.assistant.turn_messages import TurnRequest
from niochat.assistant.turn_store import AuditedToolCall
from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import OperationRefusedError
from tests.builders import ChannelRef, Host, RowBuilder
from tests.transactions.turn_scenario import CALL, MARIA, TurnScenario

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def reception(a: Host, place: ChannelRef, given: RowBuilder) -> TurnScenario:
    thread = await given.thread(place, phone="5581988887777")
    here = TurnScenario(a, place, thread, given)
    await here.receive_message("minha fatura")
    return here


async def test_a_turn_finds_what_was_said_who_writes_and_what_time_it_is(
    reception: TurnScenario,
) -> None:
    visit = await reception.load_turn_snapshot()

    assert visit.unanswered_texts == ["minha fatura"]
    assert visit.phone == "5581988887777"
    assert visit.team_names == {"atendimento": "Atendimento"}
    assert (visit.facts, visit.reusable_calls, visit.unreported_write_keys) == (
        ConversationFacts(),
        [],
        frozenset(),
    )
    assert (visit.contracts_seen, visit.is_first_answer) == (False, True)
    assert visit.staff_availability.available, "without shifts somebody always is"
    (now,) = await reception.given.rows("SELECT now()")
    assert abs((visit.now.astimezone(UTC) - now).total_seconds()) < 60
    assert visit.now.utcoffset() != now.utcoffset()


async def test_a_hidden_phone_number_is_empty_in_the_snapshot(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    hidden = TurnScenario(a, place, await given.thread(place), given)
    await hidden.receive_message()

    assert (await hidden.load_turn_snapshot()).phone == ""


# -- whether the attempt counts -------------------------------------------------------------


async def test_only_the_newest_attempt_loads_its_snapshot(reception: TurnScenario) -> None:
    first = reception.request
    turn = reception.host.turn(reception.thread)
    await reception.host.step(reception.thread, cmd.RestartTurn(turn.id, 1))

    assert await reception.visits.load_snapshot(first) is None
    assert (await reception.load_turn_snapshot()).request.attempt == 2


@pytest.mark.parametrize("end", ["answered", "cancelled", "taken over", "suspended"])
async def test_a_finished_turn_loads_no_snapshot_and_saves_nothing(
    end: str, reception: TurnScenario, given: RowBuilder
) -> None:
    await reception.record_tool_call()
    over = reception.request
    match end:
        case "answered":
            await reception.finish_turn()
        case "cancelled":
            await reception.receive_message("espera")
        case "taken over":
            await reception.submit_commands(cmd.AssignConversation("ana"))
        case _:
            await reception.submit_commands(cmd.SuspendAssistant())

    assert await reception.visits.load_snapshot(over) is None
    with pytest.raises(OperationRefusedError) as refused:
        await reception.visits.save_progress(
            over, ConversationFacts(name="Outra"), {"name": "late"}
        )
    assert refused.value.code == "turn_not_current"
    assert await given.rows("SELECT facts ->> 'name' FROM memories") == ["Maria Souza"]
    assert await given.rows("SELECT tool_results FROM turns WHERE id = $1", over.turn_id) == [
        [CALL]
    ]


async def test_a_suspended_tenants_turn_loads_no_snapshot(
    reception: TurnScenario, given: RowBuilder
) -> None:
    await given.admin.execute("UPDATE tenants SET status = 'suspended'")

    assert await reception.visits.load_snapshot(reception.request) is None


async def test_another_tenant_finds_nothing_of_it(
    reception: TurnScenario, given: RowBuilder
) -> None:
    foreign, request = await given.tenant(), reception.request

    assert await reception.visits.load_snapshot(_of(foreign, request)) is None
    with pytest.raises(OperationRefusedError):
        await reception.visits.save_progress(_of(foreign, request), MARIA, CALL)
    assert await given.count("memories") == 0


def _of(tenant: UUID, request: TurnRequest) -> TurnRequest:
    return TurnRequest(
        tenant, request.conversation_id, request.turn_id, request.attempt, 99, request.protocol
    )


# -- a call and what was learned from it ----------------------------------------------------


async def test_a_call_and_its_facts_are_kept_together(
    reception: TurnScenario, given: RowBuilder
) -> None:
    await reception.record_tool_call()
    await reception.record_tool_call(
        ConversationFacts(name="Maria Souza", lookups=2), name="read_contract"
    )

    visit = await reception.load_turn_snapshot()

    assert visit.facts == ConversationFacts(name="Maria Souza", lookups=2)
    assert [call["name"] for call in visit.reusable_calls] == ["list_invoices", "read_contract"]
    assert await given.count("memories") == 1


async def test_a_call_whose_answer_was_lost_is_kept_and_logged_once(
    reception: TurnScenario, given: RowBuilder
) -> None:
    """It is told again under its key; another call with the same words has another one."""
    used, again = AuditedToolCall("list_invoices", "done"), AuditedToolCall("list_invoices", "done")
    for each in (used, used, again, used):
        await reception.visits.save_progress(reception.request, MARIA, CALL, audited=each)

    assert [call["key"] for call in (await reception.load_turn_snapshot()).reusable_calls] == [
        used.key,
        again.key,
    ]
    assert await given.rows("SELECT action FROM audit") == ["tools.list_invoices"] * 2


async def test_a_call_of_a_turn_that_is_over_is_not_logged(
    reception: TurnScenario, given: RowBuilder
) -> None:
    over = reception.request
    await reception.finish_turn()
    with pytest.raises(OperationRefusedError):
        await reception.visits.save_progress(
            over, MARIA, CALL, audited=AuditedToolCall("list_invoices", "done")
        )
    assert await given.count("audit") == 0


async def test_a_file_of_another_attempt_is_another_file_and_the_same_one_is_kept_once(
    reception: TurnScenario, given: RowBuilder
) -> None:
    """The ERP may give another code for the same invoice: its image must not be the old one."""
    stored = [
        await reception.visits.add_attachment(
            reception.request, "pix:1", "image/png", "pix.png", data
        )
        for data in (b"first", b"second", b"second")
    ]

    assert stored[0] != stored[1] == stored[2]
    kept = await given.admin.fetch("SELECT id, data FROM attachments")
    assert {row["id"]: row["data"] for row in kept} == {stored[0]: b"first", stored[1]: b"second"}


async def test_facts_of_a_lost_attempt_are_known_to_the_next(reception: TurnScenario) -> None:
    await reception.record_tool_call()
    lost = cmd.RestartTurn(reception.host.turn(reception.thread).id, 1)
    await reception.host.step(reception.thread, lost)

    visit = await reception.load_turn_snapshot()

    assert (visit.facts, visit.reusable_calls) == (MARIA, [CALL])


async def test_the_next_conversation_knows_nothing_of_the_one_before(
    reception: TurnScenario,
) -> None:
    await reception.record_tool_call()
    await reception.submit_commands(cmd.ResolveConversation("ana"))
    await reception.receive_message("de novo")

    visit = await reception.load_turn_snapshot()

    assert (visit.facts, visit.reusable_calls, visit.is_first_answer) == (
        ConversationFacts(),
        [],
        True,
    )


async def test_facts_of_another_shape_are_forgotten(
    reception: TurnScenario, given: RowBuilder
) -> None:
    await reception.record_tool_call()
    await given.admin.execute('UPDATE memories SET facts = \'{"lookups": "many"}\'')

    assert (await reception.load_turn_snapshot()).facts == ConversationFacts()


# -- what turns before it left ----------------------------------------------------------------


async def test_reads_of_a_turn_that_was_cancelled_moments_ago_are_still_good(
    reception: TurnScenario,
) -> None:
    await reception.record_tool_call(name="first")
    await reception.receive_message("e o boleto?")
    await reception.record_tool_call(name="second")
    await reception.receive_message("alô?")

    visit = await reception.load_turn_snapshot()

    assert [call["name"] for call in visit.reusable_calls] == ["first", "second"]
    assert visit.facts == MARIA


async def test_reads_of_two_minutes_ago_are_read_again(
    reception: TurnScenario, given: RowBuilder
) -> None:
    await reception.record_tool_call()
    await reception.receive_message("e o boleto?")
    await given.admin.execute(
        "UPDATE turns SET settled_at = settled_at - interval '121 s' WHERE status = 'cancelled'"
    )

    assert (await reception.load_turn_snapshot()).reusable_calls == []


async def test_reads_from_before_an_answer_are_read_again(reception: TurnScenario) -> None:
    await reception.record_tool_call()
    await reception.receive_message("e o boleto?")
    await reception.finish_turn()
    await reception.receive_message("mais uma coisa")

    visit = await reception.load_turn_snapshot()

    assert visit.reusable_calls == []
    assert visit.facts == MARIA, "what is known of the customer stays"


async def test_contracts_count_as_shown_once_the_turn_that_showed_them_was_answered(
    reception: TurnScenario,
) -> None:
    await reception.record_tool_call(ConversationFacts(shown_in=str(reception.request.turn_id)))
    assert not (await reception.load_turn_snapshot()).contracts_seen, (
        "the customer has not seen them yet"
    )
    await reception.finish_turn("1. Rua das Flores; 2. Rua do Sol")
    await reception.receive_message("o primeiro")

    assert (await reception.load_turn_snapshot()).contracts_seen


async def test_contracts_that_a_cancelled_turn_would_have_shown_were_not_shown(
    reception: TurnScenario,
) -> None:
    await reception.record_tool_call(ConversationFacts(shown_in=str(reception.request.turn_id)))
    await reception.receive_message("o primeiro")

    assert not (await reception.load_turn_snapshot()).contracts_seen


async def test_after_an_answer_the_next_is_not_the_first(reception: TurnScenario) -> None:
    await reception.finish_turn()
    await reception.receive_message("mais uma coisa")

    assert not (await reception.load_turn_snapshot()).is_first_answer


async def test_a_note_for_the_team_is_no_answer(reception: TurnScenario) -> None:
    turn = reception.host.turn(reception.thread)
    handoff = cmd.HandoffRequest("atendimento", "customer_asked", "Quer uma pessoa.")
    silent = cmd.FinishAssistantTurn(turn.id, 1, cmd.TurnOutcome.ANSWERED, handoff=handoff)
    await reception.host.step(reception.thread, silent)
    await reception.submit_commands(cmd.ReturnConversationToAssistant("ana"))
    await reception.receive_message("alô?")

    visit = await reception.load_turn_snapshot()

    assert visit.is_first_answer
    assert "Quer uma pessoa." not in [line.text for line in visit.transcript]


# -- writes and files -------------------------------------------------------------------------


async def begun(reception: TurnScenario, key: str, status: str) -> None:
    """The turn in progress wrote ``key`` down, and its row came to ``status``."""
    request, journal = reception.request, reception.journal
    write = await journal.begin(request.tenant_id, key, request.turn_id, request.attempt, {})
    if status != "started":
        await journal.mark_sending(request.tenant_id, write.id, request.turn_id, request.attempt)
    if status in ("done", "refused"):
        await journal.settle(request.tenant_id, write.id, status, {})


async def test_tool_calls_of_a_cancelled_turn_are_known_to_the_next_as_undelivered(
    reception: TurnScenario,
) -> None:
    for status in ("started", "sending", "done", "refused"):
        await begun(reception, f"of {status}", status)
    await reception.receive_message("alô?")

    assert (await reception.load_turn_snapshot()).unreported_write_keys == {"of sending", "of done"}


async def test_tool_calls_of_an_answered_turn_count_as_delivered(reception: TurnScenario) -> None:
    await begun(reception, "ticket:1", "done")
    await reception.finish_turn("Abri o chamado.")
    await reception.receive_message("obrigado")

    assert (await reception.load_turn_snapshot()).unreported_write_keys == frozenset()


async def test_tool_calls_of_another_conversation_are_not_loaded(reception: TurnScenario) -> None:
    await begun(reception, "ticket:1", "done")
    await reception.submit_commands(cmd.ResolveConversation("ana"))
    await reception.receive_message("de novo")

    assert (await reception.load_turn_snapshot()).unreported_write_keys == frozenset()
