"""Whether the assistant hears and sees is a setting; the key of another end point stays there."""

from typing import Any

import pytest

from niochat.adapters.postgres.domain_json_codec import policy_from_row
from tests.builders import RowBuilder
from tests.http.rest.administration.test_settings_routes import MODEL, patch
from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
PATH = "/settings/assistant"
HEARS = {"transcription_model": "ouvido-1"}
ELSEWHERE = {
    **HEARS,
    "transcription_endpoint": "https://1.0.0.1/v1",
    "transcription_api_key": "key-of-ear",
}


async def policy(given: RowBuilder) -> Any:
    (stored,) = await given.rows("SELECT policy FROM tenants")
    return policy_from_row("active", stored)


async def test_it_is_off_until_it_is_wanted_and_decisions_know_of_it(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    told = (await patch(rest_api, headers, MODEL, path=PATH)).json()
    assert (told["transcription_model"], told["sees"]) == (None, False)
    assert (await policy(given)).hears is (await policy(given)).sees is False

    told = (await patch(rest_api, headers, {**HEARS, "sees": True}, path=PATH)).json()
    assert (told["transcription_model"], told["sees"]) == ("ouvido-1", True)
    assert ((await policy(given)).hears, (await policy(given)).sees) == (True, True)

    told = (await patch(rest_api, headers, {"transcription_model": None}, path=PATH)).json()
    assert told["transcription_model"] is None
    assert ((await policy(given)).hears, (await policy(given)).sees) == (False, True)


async def test_another_end_point_needs_a_key_of_its_own_that_is_never_shown(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    await patch(rest_api, headers, MODEL, path=PATH)
    keyless = {**ELSEWHERE, "transcription_api_key": None}
    assert_problem(await patch(rest_api, headers, keyless, path=PATH), 400, "bad_settings")

    made = await patch(rest_api, headers, ELSEWHERE, path=PATH)
    assert made.status_code == 200, made.text
    assert "key-of-ear" not in made.text
    assert made.json()["transcription_endpoint"] == "https://1.0.0.1/v1"
    kept = await patch(rest_api, headers, {"seed": 3}, path=PATH)
    assert kept.status_code == 200, kept.text
    moved = {"transcription_endpoint": "https://1.1.1.1/other"}
    assert_problem(await patch(rest_api, headers, moved, path=PATH), 400, "api_key_needed")
    log = await given.rows("SELECT before::text || after::text FROM audit")
    assert "key-of-ear" not in "".join(filter(None, log))


async def test_an_end_point_inside_the_installation_is_refused(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    await patch(rest_api, headers, MODEL, path=PATH)
    inside = {**ELSEWHERE, "transcription_endpoint": "http://169.254.169.254/v1"}

    assert_problem(await patch(rest_api, headers, inside, path=PATH), 400, "private_address")


async def test_how_long_an_answer_waits_is_part_of_the_policy(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    before = (await rest_api.http.get("/settings", headers=headers)).json()
    assert before["policy"]["reading_wait_s"] == 20
    changed = await patch(rest_api, headers, {"policy": {"reading_wait_s": 5}})
    assert changed.json()["policy"]["reading_wait_s"] == 5
    assert (await policy(given)).reading_wait_s == 5
    assert_problem(
        await patch(rest_api, headers, {"policy": {"reading_wait_s": 121}}), 422, "invalid"
    )
