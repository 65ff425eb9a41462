"""The assistant's turns of a conversation, over the API."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from niochat.assistant.conversation_facts import ConversationFacts
from niochat.assistant.turn_messages import TurnRequest
from niochat.assistant.turn_store import RejectedReply, TurnStore
from niochat.domain.conversation import commands as cmd
from tests.builders import build_finished_turn
from tests.http.rest.conftest import ConversationFixture, RestApiFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
CALL: dict[str, Any] = {
    "tool": "consultar_faturas",
    "arguments": {},
    "result": {
        "ok": True,
        "faturas": [{"valor": "R$ 99,90", "vencimento": "10/08/2026"}],
        "orientacao": "Mostre as faturas.",
    },
    "at": "2026-08-05T10:00:00-03:00",
    "started_at": "2026-08-05T13:00:01+00:00",
    "duration_s": 1.25,
}


async def run_turn(rest_api: RestApiFixture, visit: ConversationFixture) -> UUID:
    """A turn that calls a tool, has a refused text and answers."""
    turn = rest_api.host.turn(visit.thread)
    request = TurnRequest(visit.place.tenant, visit.id, turn.id, 1, 99, "1")
    store = TurnStore(rest_api.host.database)
    await store.save_progress(request, ConversationFacts(), CALL)
    refused = RejectedReply(1, "valor", "R$ 1,00", "São R$ 1,00", "m", "p-1")
    await store.save_rejected_reply(request, refused)
    finish = replace(
        build_finished_turn(turn, "São R$ 99,90."),
        model="m",
        prompt_version="p-1",
        tokens_in=1000,
        tokens_out=40,
        tokens_cached=750,
        model_calls=2,
        cost=Decimal("0.003125"),
    )
    await rest_api.host.step(visit.thread, finish)
    return turn.id


async def test_a_turn_shows_its_tools_time_tokens_and_cost(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation()
    turn_id = await run_turn(rest_api, visit)
    path = f"/conversations/{visit.id}"

    messages = (await rest_api.http.get(f"{path}/messages", headers=headers)).json()["items"]
    query = {"turns": [messages[0]["details"]["turn"], str(uuid4())]}
    page = await rest_api.http.get(f"{path}/turns", params=query, headers=headers)

    (turn,) = page.json()["items"]
    assert (turn["id"], turn["status"], turn["code"]) == (str(turn_id), "answered", "")
    assert (turn["tokens_in"], turn["tokens_out"], turn["cached_share"]) == (1000, 40, 0.75)
    assert Decimal(turn["cost"]) == Decimal("0.003125")
    assert turn["duration_s"] >= 0
    assert [each["code"] for each in turn["refused"]] == ["valor"]
    (call,) = turn["tool_calls"]
    assert (call["tool"], call["ok"], call["duration_s"]) == ("consultar_faturas", True, 1.25)
    assert call["result"] == {"faturas": CALL["result"]["faturas"]}


async def test_an_agent_sees_the_tools_but_no_cost(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    await run_turn(rest_api, visit)

    page = await rest_api.http.get(f"/conversations/{visit.id}/turns", headers=headers)

    (turn,) = page.json()["items"]
    assert (turn["cost"], turn["refused"]) == (None, None)
    assert turn["tool_calls"]


async def test_a_running_turn_is_listed(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("viewer")
    visit = await rest_api.conversation()

    page = await rest_api.http.get(f"/conversations/{visit.id}/turns", headers=headers)

    (turn,) = page.json()["items"]
    assert (turn["status"], turn["finished_at"], turn["duration_s"]) == ("running", None, None)


async def test_turns_of_another_conversation_are_not_shown(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    visit, other = await rest_api.conversation(), await rest_api.conversation()
    turn = rest_api.host.turn(other.thread)

    page = await rest_api.http.get(
        f"/conversations/{visit.id}/turns", params={"turns": str(turn.id)}, headers=headers
    )

    assert page.json()["items"] == []


async def test_the_history_shows_the_turn_of_an_event(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation()
    turn_id = await run_turn(rest_api, visit)
    path = f"/conversations/{visit.id}/history"
    events = (await rest_api.http.get(path, headers=headers)).json()["items"]
    of_turn = [event for event in events if event["turn_id"] == str(turn_id)]

    moment = await rest_api.http.get(f"{path}/{of_turn[-1]['seq']}", headers=headers)

    summaries = [event["summary"] for event in of_turn]
    assert summaries[:3] == ["turn_started", "turn_answered", "assistant_replied"]
    assert of_turn[1]["actor"] == {"kind": "assistant", "id": None, "name": None}
    assert moment.json()["turn"]["id"] == str(turn_id)
    assert moment.json()["turn"]["model"] == "m"


async def test_a_failed_turn_names_its_code(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("viewer")
    visit = await rest_api.conversation()
    turn = rest_api.host.turn(visit.thread)
    failed = cmd.FinishAssistantTurn(turn.id, 1, cmd.TurnOutcome.FAILED, code="model_failed")
    await rest_api.host.step(visit.thread, failed)
    path = f"/conversations/{visit.id}"

    (shown,) = (await rest_api.http.get(f"{path}/turns", headers=headers)).json()["items"]
    messages = (await rest_api.http.get(f"{path}/messages", headers=headers)).json()["items"]

    assert (shown["status"], shown["code"]) == ("failed", "model_failed")
    assert messages[0]["details"]["turn"] == str(turn.id)
