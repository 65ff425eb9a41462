"""Promises about a provider's hours and silence in its file."""

from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import orjson
import pytest

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.domain_json_codec import policy_from_row
from niochat.domain.business_hours import END_OF_DAY, BusinessShift
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.errors import InvalidInputError
from niochat.tenants.provider_file.provider_loader import load_providers
from niochat.tenants.provider_file.schedule_types import format_shift
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.vault.vault import Vault
from tests.tenants.provider_files import build_provider, load_provider_file

vault = Vault({"k1": bytes(32)})

FULL = """\
providers:
  - slug: demo
    name: Provedor Demo
    policy:
      hours:
        - days: [sexta, segunda, terça, wed]
          from: "08:00"
          to: "18:00"
        - days: [sabado, sun]
          from: "00:00"
          to: "23:59"
      holidays: BR-PE
      closed_days: [2026-12-24, "2026-12-31"]
      closed_text: "Voltamos {when}."
      closed_unknown_text: Voltamos logo.
      reminder_after_s: 0
      close_after_s: 60
      reminder_text: Ainda por aqui?
      close_text: "Até mais. {protocol}"
"""
MEANT = ConversationPolicy(
    assistant_enabled=False,
    hours=(
        BusinessShift((0, 1, 2, 4), time(8), time(18)),
        BusinessShift((5, 6), time(0), time(23, 59)),
    ),
    holidays="BR-PE",
    closed_days=(date(2026, 12, 24), date(2026, 12, 31)),
    closed_text="Voltamos {when}.",
    closed_unknown_text="Voltamos logo.",
    reminder_after_s=0.0,
    close_after_s=60.0,
    reminder_text="Ainda por aqui?",
    close_text="Até mais. {protocol}",
)


def shift(**changes: Any) -> dict[str, Any]:
    """A policy with one shift."""
    whole = {"days": ["mon"], "from": "08:00", "to": "18:00", **changes}
    return {"hours": [{key: value for key, value in whole.items() if value is not ...}]}


def problems(folder: Path, text: str) -> list[str]:
    path = folder / "providers.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInputError) as refused:
        load_providers(path, {})
    return [line.strip() for line in str(refused.value).splitlines()[1:]]


async def stored_policy(database: Database) -> ConversationPolicy:
    async with database.as_system() as connection:
        row = await connection.fetchrow("SELECT status, policy FROM tenants")
    assert row is not None
    return policy_from_row(row["status"], row["policy"])


@pytest.mark.asyncio
async def test_the_policy_that_decisions_read_is_the_one_that_the_file_tells(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "providers.yaml"
    path.write_text(FULL)

    await apply_providers(database, vault, load_providers(path, {}))

    assert await stored_policy(database) == MEANT
    again = await apply_providers(database, vault, load_providers(path, {}))
    assert {change.outcome.value for change in again} == {"unchanged"}


@pytest.mark.asyncio
async def test_hours_that_the_file_tells_no_more_are_gone(
    database: Database, tmp_path: Path
) -> None:
    await apply_providers(
        database, vault, load_provider_file(tmp_path, build_provider(policy=shift()))
    )
    assert (await stored_policy(database)).hours == (BusinessShift((0,), time(8), time(18)),)

    await apply_providers(database, vault, load_provider_file(tmp_path, build_provider()))

    assert await stored_policy(database) == replace(ConversationPolicy(), assistant_enabled=True)


@pytest.mark.asyncio
async def test_a_day_may_end_at_midnight_and_is_shown_so(
    database: Database, tmp_path: Path
) -> None:
    always = [{"days": ["mon"], "from": "00:00", "to": "24:00"}]
    await apply_providers(
        database, vault, load_provider_file(tmp_path, build_provider(policy={"hours": always}))
    )

    hours = (await stored_policy(database)).hours
    assert hours == (BusinessShift((0,), time(0), END_OF_DAY),)
    (stored,) = load_provider_file(tmp_path, build_provider(policy={"hours": always}))[
        0
    ].policy.to_row()["hours"]
    assert format_shift(stored) == {"days": ["mon"], "from": "00:00", "to": "24:00"}
    again = await apply_providers(
        database, vault, load_provider_file(tmp_path, build_provider(policy={"hours": always}))
    )
    assert {change.outcome.value for change in again} == {"unchanged"}


def test_the_row_of_a_policy_is_plain_json(tmp_path: Path) -> None:
    (demo,) = load_provider_file(
        tmp_path, build_provider(policy={**shift(), "closed_days": ["2026-12-24"]})
    )

    assert orjson.loads(orjson.dumps(demo.policy.to_row())) == {
        "team": "atendimento",
        "hours": [{"days": [0], "opens": "08:00:00", "closes": "18:00:00"}],
        "closed_days": ["2026-12-24"],
    }


def test_each_problem_is_reported_with_its_line_and_key(tmp_path: Path) -> None:
    text = (
        FULL.replace("[sexta, segunda, terça, wed]", "[sexta, secunda]")
        .replace('"18:00"', "18:00")
        .replace('"23:59"', '"24:01"')
        .replace("BR-PE", "BR-XX")
        .replace('"2026-12-31"', "amanhã")
        .replace("{when}", "amanhã")
        .replace("Voltamos logo.", "''")
        .replace("reminder_after_s: 0", "reminder_after_s: 59")
        .replace("close_after_s: 60", "close_after_s: 0")
    )

    assert [problem.split(": ")[:2] for problem in problems(tmp_path, text)] == [
        ["line 6", "providers[0].policy.hours[0].days[1]"],
        ["line 8", "providers[0].policy.hours[0].to"],
        ["line 11", "providers[0].policy.hours[1].to"],
        ["line 12", "providers[0].policy.holidays"],
        ["line 13", "providers[0].policy.closed_days[1]"],
        ["line 14", "providers[0].policy.closed_text"],
        ["line 15", "providers[0].policy.closed_unknown_text"],
        ["line 16", "providers[0].policy.reminder_after_s"],
        ["line 17", "providers[0].policy.close_after_s"],
    ]


def test_a_shift_that_ends_before_it_begins_is_reported_at_its_end(tmp_path: Path) -> None:
    text = FULL.replace('"08:00"', '"18:00"')

    assert problems(tmp_path, text) == [
        "line 8: providers[0].policy.hours[0].to: "
        "to must be later than from; declare a night as two shifts"
    ]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"hours": {"days": ["mon"]}}, "hours: must be a list"),
    ({"hours": None}, "hours: must be a list"),
    ({"hours": ["mon"]}, "hours[0]: must be a mapping of keys to values"),
    (shift(days=[]), "days: List should have at least 1 item"),
    (shift(days="mon"), "days: must be a list"),
    (shift(days=[0]), "days[0]: must be one of segunda"),
    (shift(days=[["mon"]]), "days[0]: must be one of segunda"),
    (shift(days=["Monday"]), "days[0]: must be one of segunda"),
    (shift(days=["mon", "segunda"]), "days: must not contain a day twice"),
    (shift(days=...), "days: is missing"),
    (shift(to=...), "to: is missing"),
    (shift(**{"from": 480}), 'from: must be a time from "00:00" to "23:59", in quotes'),
    (shift(**{"from": "8:00"}), "from: must be a time"),
    (shift(**{"from": "08:00\n"}), "from: must be a time"),
    (shift(**{"from": "٠٨:00"}), "from: must be a time"),
    (shift(to="24:30"), "to: must be a time"),
    (shift(to="08:00"), "to: to must be later than from"),
    (shift(opens="08:00"), "opens: unknown key"),
    ({"holidays": "brasil"}, "holidays: must be a country or state"),
    ({"holidays": "BR-"}, "holidays: must be a country"),
    ({"holidays": "ZZ"}, "holidays: must be a country"),
    ({"holidays": ["BR"]}, "holidays: must be text"),
    ({"closed_days": date(2026, 12, 24)}, "closed_days: must be a list"),
    ({"closed_days": ["2026-02-30"]}, "closed_days[0]: must be a date such as 2026-12-24"),
    ({"closed_days": [20261224]}, "closed_days[0]: must be a date"),
    ({"closed_text": "Voltamos logo."}, "closed_text: must contain {when}"),
    ({"closed_text": ""}, "closed_text: must not be empty"),
    ({"closed_unknown_text": " "}, "closed_unknown_text: must not be empty"),
    ({"reminder_after_s": -1}, "reminder_after_s: Input should be greater than or equal to 0"),
    ({"reminder_after_s": 59.9}, "reminder_after_s: must be 0 (never) or at least 60"),
    ({"reminder_after_s": 86401}, "less than or equal to 86400"),
    ({"reminder_after_s": "900"}, "reminder_after_s: must be a number"),
    ({"close_after_s": 59}, "close_after_s: Input should be greater than or equal to 60"),
    ({"close_after_s": 86401}, "less than or equal to 86400"),
    ({"reminder_text": ""}, "reminder_text: must not be empty"),
    ({"close_text": "a\x00b"}, "close_text: must be text without control characters"),
]


@pytest.mark.parametrize(("policy", "said"), WRONG)
def test_a_wrong_rule_is_refused_in_a_sentence(
    tmp_path: Path, policy: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        load_provider_file(tmp_path, build_provider(policy=policy))

    assert said in str(refused.value)


@pytest.mark.parametrize(
    "policy",
    [
        {"hours": []},
        {"holidays": ""},
        {"holidays": "BR"},
        {"reminder_after_s": 60},
        {"reminder_after_s": 86400, "close_after_s": 86400},
    ],
)
def test_the_edges_of_what_is_allowed_are_allowed(tmp_path: Path, policy: dict[str, Any]) -> None:
    (demo,) = load_provider_file(tmp_path, build_provider(policy=policy))

    assert {**demo.policy.to_row()} == {**policy, "team": "atendimento"}


def test_a_day_with_an_hour_is_no_day(tmp_path: Path) -> None:
    text = FULL.replace("[2026-12-24,", "[2026-12-24 10:00:00,")

    assert problems(tmp_path, text) == [
        "line 13: providers[0].policy.closed_days[0]: must be a date such as 2026-12-24"
    ]
