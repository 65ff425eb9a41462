"""Promises about the file that declares providers."""

import re
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.errors import InvalidInputError
from niochat.domain.follow_up.follow_up_policy import FollowUpPolicy
from niochat.ports.erp import TicketCategory
from niochat.tenants.provider_file.provider_loader import load_providers
from tests.tenants.provider_files import (
    ENV,
    build_assistant,
    build_channel,
    build_provider,
    load_provider_file,
)

EXAMPLE = Path(__file__).parents[3] / "examples" / "demo.yaml"
GOOD = """\
providers:
  - slug: demo
    name: Provedor Demo
    channels:
      - slug: principal
        name: WhatsApp principal
        base_url: http://127.0.0.1:9/gateway
        token: env:DEMO_TOKEN
    assistant:
      endpoint: http://127.0.0.1:9/model/v1
      api_key: env:DEMO_KEY
      model: sandbox
"""


def refusal(folder: Path, text: str | bytes, env: dict[str, str] | None = None) -> str:
    path = folder / "providers.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InvalidInputError) as caught:
        load_providers(path, ENV if env is None else env)
    shown = "".join(traceback.format_exception(caught.value))
    assert not any(secret in shown for secret in (*ENV.values(), "top-secret"))
    assert str(path) in str(caught.value)
    return str(caught.value)


def problems(folder: Path, text: str | bytes) -> list[str]:
    return [line.strip() for line in refusal(folder, text).splitlines()[1:]]


def test_the_demo_is_a_good_file() -> None:
    env = {
        "NIOCHAT_SANDBOX_GATEWAY": "http://127.0.0.1:9/gateway",
        "NIOCHAT_SANDBOX_MODEL": "http://127.0.0.1:9/model/v1",
        "NIOCHAT_SANDBOX_ERP": "http://127.0.0.1:9/sgp/",
        "NIOCHAT_SANDBOX_TOKEN": "secret",
        "NIOCHAT_SANDBOX_NEIGHBOUR_TOKEN": "another",
    }

    demo, neighbour = load_providers(EXAMPLE, env)

    assert (demo.slug, neighbour.slug) == ("demo", "vizinho")
    assert demo.channels[0].base_url == "http://127.0.0.1:9/gateway"
    assert demo.erp is not None
    assert demo.erp.base_url == "http://127.0.0.1:9/sgp"
    assert demo.policy.hours == ()


def test_the_examples_in_the_comments_of_the_demo_are_good(tmp_path: Path) -> None:
    path = tmp_path / "demo.yaml"
    text = EXAMPLE.read_text(encoding="utf-8")
    path.write_text(re.sub(r"^( +)# ( *(?:- )?\w+:.*)$", r"\1\2", text, flags=re.MULTILINE))
    names = re.findall(r"env:(NIOCHAT_\w+)", text)
    env = {name: f"http://127.0.0.1:9/{name}" for name in names}

    demo, _ = load_providers(path, env)

    assert demo.erp is not None
    assert demo.assistant is not None
    assert len(demo.policy.hours) == len(demo.policy.closed_days) == 2
    assert (demo.policy.holidays, demo.assistant.price_in > 0) == ("BR-PE", True)
    assert set(demo.erp.ticket_kinds) == set(TicketCategory)


def test_optional_fields_have_defaults(tmp_path: Path) -> None:
    (demo,) = load_provider_file(tmp_path, build_provider(assistant=..., channels=...))

    assert demo.timezone == "America/Sao_Paulo"
    assert [(team.slug, team.name) for team in demo.teams] == [("atendimento", "Atendimento")]
    assert demo.policy.to_row() == {"team": "atendimento"}
    assert demo.suspended is None


def test_the_defaults_of_the_file_are_those_of_the_domain(tmp_path: Path) -> None:
    (demo,) = load_provider_file(tmp_path, build_provider())

    policy, defaults = demo.policy.model_dump(), ConversationPolicy()
    assert policy.pop("ratings") == asdict(defaults.ratings)
    follow_ups = TypeAdapter(FollowUpPolicy).validate_python(policy.pop("follow_ups"))
    assert follow_ups == defaults.follow_ups
    for name, value in policy.items():
        assert value == getattr(defaults, name)


def test_secrets_come_from_the_environment_and_do_not_show(tmp_path: Path) -> None:
    (demo,) = load_provider_file(tmp_path, build_provider())

    assert demo.channels[0].token.get_secret_value() == "token-of-demo"
    assert "token-of-demo" not in repr(demo)
    assert "key-of-demo" not in repr(demo)


def test_addresses_may_come_from_the_environment_and_are_brought_to_one_form(
    tmp_path: Path,
) -> None:
    here = build_channel(base_url="env:GATEWAY")

    (demo,) = load_provider_file(
        tmp_path, build_provider(channels=[here]), GATEWAY="HTTPS://Gate.example.com:443/a/"
    )

    assert demo.channels[0].base_url == "https://gate.example.com/a"


def test_a_missing_variable_is_reported_with_file_line_and_key(tmp_path: Path) -> None:
    said = refusal(tmp_path, GOOD, {"DEMO_KEY": "key-of-demo", "DEMO_TOKEN": ""})

    assert said == (
        f"{tmp_path}/providers.yaml cannot be used, nothing was changed:\n"
        "  line 8: providers[0].channels[0].token: "
        "the environment variable DEMO_TOKEN is not set"
    )


def test_all_problems_are_reported_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        GOOD.replace("slug: demo", "slug: Demo ISP")
        .replace("        name: WhatsApp principal\n", "        nome: top-secret\n")
        .replace("env:DEMO_KEY", "env:A-B")
        .replace("      model: sandbox", "      model: sandbox\n      max_steps: '3'")
    )

    assert [problem.split(": ")[:2] for problem in problems(tmp_path, text)] == [
        ["line 2", "providers[0].slug"],
        ["line 5", "providers[0].channels[0].name"],
        ["line 6", "providers[0].channels[0].nome"],
        ["line 11", "providers[0].assistant.api_key"],
        ["line 13", "providers[0].assistant.max_steps"],
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: the file is empty"),
        ("providers: [", "line 1: "),
        ("providers:\n  - slug: demo\n  name: x\n", "line 3: "),
        ("a: 1\n---\nb: 2\n", "line 2: "),
        (b"\xff\xfe\xfa", "line 1: "),
        (b"a: \xe9\n", "line 1: the file must be YAML in UTF-8"),
        ("providers: !!python/name:os.system x\n", "line 1: "),
        ("[" * 1000, "line 1: values are nested too deeply"),
        ("- slug: demo\n", "line 1: must be a mapping of keys to values"),
        ("a: 2026-02-30\n", "line 1: a value looks like a date or a number but is invalid"),
        ("a: 1\nb: !!bool top-secret\n", "line 2: a value looks like"),
        ("providers: []\n", "line 1: providers: List should have at least 1 item"),
        ("providers: &a [*a]\n", "line 1: "),
        (
            "providers:\n  - top-secret\n",
            "line 2: providers[0]: must be a mapping of keys to values",
        ),
        (GOOD + "extra: 1\n", "line 13: extra: unknown key"),
        (GOOD + "providers: []\n", "line 13: providers: is a duplicate key (also in line 1)"),
        (
            GOOD.replace("- slug: demo", "- slug: demo\n    slug: other"),
            "line 3: providers[0].slug",
        ),
        (GOOD.replace("Provedor Demo", "{}"), "line 3: providers[0].name: must be text"),
        (GOOD.replace("http://127.0.0.1:9/gateway", "top-secret"), "line 7: "),
    ],
)
def test_a_malformed_file_is_refused_with_a_line(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    assert problems(tmp_path, text)[0].startswith(said)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"nothing\.yaml cannot be read: No such file"):
        load_providers(tmp_path / "nothing.yaml", {})


def test_a_missing_key_is_reported_at_its_parent(tmp_path: Path) -> None:
    text = GOOD.replace("        token: env:DEMO_TOKEN\n", "")

    assert problems(tmp_path, text) == ["line 5: providers[0].channels[0].token: is missing"]


def test_a_problem_in_a_merged_anchor_is_reported_where_it_stands(tmp_path: Path) -> None:
    text = "x: &x\n  name: 7\nproviders:\n  - <<: *x\n    slug: demo\n"

    assert problems(tmp_path, text) == [
        "line 1: x: unknown key",
        "line 2: providers[0].name: must be text; put numbers and yes or no in quotes",
    ]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"slug": "x" * 64}, "must be 1 to 63 lower-case letters"),
    ({"slug": "demo\n"}, "must be 1 to 63 lower-case letters"),
    ({"name": " "}, "must be one line of text"),
    ({"name": "a\x00b"}, "must be text without control characters"),
    ({"timezone": "Recife"}, "must be a time zone such as"),
    ({"timezone": "../etc"}, "must be a time zone such as"),
    ({"timezone": "America"}, "must be a time zone such as"),
    ({"suspended": "no"}, "must be true or false"),
    ({"teams": []}, "at least 1 item"),
    ({"policy": {"burst_window_s": True}}, "must be a number"),
    ({"policy": {"burst_window_s": 0}}, "greater than 0"),
    ({"policy": {"burst_window_s": float("nan")}}, "finite number"),
    ({"policy": {"burst_window_s": 9}}, "burst_window_s: burst_limit_s must not be shorter"),
    ({"policy": {"burst_limit_s": 1}}, "burst_limit_s: burst_limit_s must not be shorter"),
    ({"policy": {"phone_pause_s": -1}}, "greater than or equal to 0"),
    ({"policy": {"unavailable_text": " "}}, "must not be empty"),
    ({"policy": {"team": "vendas"}}, "policy.team: the policy's team vendas is not among: atend"),
    ({"teams": [{"slug": "vendas", "name": "Vendas"}]}, "teams: the policy's team atendimento"),
    ({"channels": [build_channel(base_url="ftp://x")]}, "begins with http:// or https://"),
    ({"channels": [build_channel(base_url="http://u:top-secret@x")]}, "without user, query"),
    ({"channels": [build_channel(base_url="http://x/?token=1")]}, "without user, query"),
    ({"channels": [build_channel(base_url="http://x:99999")]}, "must be an address such as"),
    ({"channels": [build_channel(base_url="http://a b")]}, "begins with http:// or https://"),
    ({"channels": [build_channel(token="top-secret\r\nx: y")]}, "one word of visible ASCII"),
    ({"channels": [build_channel(token="")]}, "one word of visible ASCII"),
    ({"channels": [build_channel(token=7)]}, "must be text"),
    ({"channels": [build_channel(token="env:1A")]}, "name of an environment variable"),
    ({"assistant": build_assistant(max_steps=0)}, "greater than or equal to 1"),
    ({"assistant": build_assistant(max_steps=2.5)}, "must be a whole number"),
    ({"assistant": build_assistant(max_seconds=76)}, "must be 1 to 75"),
    ({"assistant": build_assistant(max_seconds=600)}, "has to end within 200 s"),
    ({"assistant": build_assistant(temperature=2.1)}, "less than or equal to 2"),
    ({"assistant": build_assistant(seed=-1)}, "greater than or equal to 0"),
    ({"assistant": build_assistant(dialect=["french"])}, "dialect"),
    (
        {"assistant": build_assistant(extra_headers={"Authorization": "x"})},
        "a header that NioChat sets",
    ),
    ({"assistant": build_assistant(extra_headers={"HOST": "x"})}, "a header that NioChat sets"),
    ({"assistant": build_assistant(extra_headers={"a b": "x"})}, "the name of an HTTP header"),
    (
        {"assistant": build_assistant(extra_headers={"x-a": "top-secret\r\nb: c"})},
        "one line of visible",
    ),
    ({"assistant": build_assistant(extra_body={"model": "x"})}, "or forbids: model"),
    (
        {"assistant": build_assistant(extra_body={"api_base": "http://x"})},
        "or forbids: api_base",
    ),
    (
        {"assistant": build_assistant(extra_body={"a": "top-secret" * 1000})},
        "at most 8000 characters",
    ),
    (
        {"assistant": build_assistant(price_in=-0.1)},
        "price_in: Input should be greater than or equal",
    ),
    ({"assistant": build_assistant(price_in="0.15")}, "price_in: must be a number"),
    ({"assistant": build_assistant(price_in=True)}, "price_in: must be a number"),
    ({"assistant": build_assistant(price_out=float("nan"))}, "price_out: Input should be a finite"),
    ({"assistant": build_assistant(price_out=0.12345)}, "no more than 4 decimal places"),
    ({"assistant": build_assistant(persona={"age": 3})}, "persona.age: unknown key"),
    ({"assistant": build_assistant(persona={"style": "a\x1bb"})}, "without control characters"),
]


@pytest.mark.parametrize(("changes", "said"), WRONG)
def test_a_wrong_value_is_refused_in_a_sentence(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        load_provider_file(tmp_path, build_provider(**changes))

    assert said in str(refused.value)
    assert "top-secret" not in str(refused.value)


def test_a_slug_may_stand_once(tmp_path: Path) -> None:
    team = {"slug": "atendimento", "name": "Atendimento"}
    other = build_channel(token="another")

    with pytest.raises(InvalidInputError) as refused:
        load_provider_file(
            tmp_path,
            build_provider(teams=[team, team], channels=[build_channel(), other]),
            build_provider(name=7),
        )

    said = str(refused.value)
    assert "providers[1].slug: demo is already in line 2" in said
    assert "providers[0].teams[1].slug: atendimento is already in line" in said
    assert "providers[0].channels[1].slug: principal is already in line" in said
    assert "providers[1].name: must be text" in said


def test_two_channels_of_the_file_never_share_a_gateway_instance(tmp_path: Path) -> None:
    same = build_channel(base_url="http://127.0.0.1:9/gateway/", token="token-of-demo")

    with pytest.raises(
        InvalidInputError, match=r"providers\[1\]\.channels\[0\]\.token: the same base_url"
    ):
        load_provider_file(
            tmp_path, build_provider(), build_provider(slug="other", channels=[same])
        )
