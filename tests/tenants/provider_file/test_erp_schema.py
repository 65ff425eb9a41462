"""Promises about the ERP in a provider's file."""

from pathlib import Path
from typing import Any

import pytest

from niochat.domain.errors import InvalidInputError
from niochat.ports.erp import TicketCategory
from niochat.tenants.provider_file.provider_loader import load_providers
from tests.tenants.provider_files import ENV, build_erp, build_provider, load_provider_file

FULL = """\
providers:
  - slug: demo
    name: Provedor Demo
    erp:
      kind: sgp
      base_url: https://Provedor.example.com:443/sgp/
      token: env:DEMO_ERP
      app: niochat
      ticket_kinds:
        sem_conexao: 1
        lentidao: "02"
      calls_at_once: 200
      per_minute: 100000
      timeout_s: 120
"""


def problems(folder: Path, text: str) -> list[str]:
    path = folder / "providers.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInputError) as refused:
        load_providers(path, ENV)
    assert "top-secret" not in str(refused.value)
    return [line.strip() for line in str(refused.value).splitlines()[1:]]


def test_an_erp_is_read_with_its_address_in_one_form_and_its_token_unseen(tmp_path: Path) -> None:
    path = tmp_path / "providers.yaml"
    path.write_text(FULL)

    (demo,) = load_providers(path, ENV)

    assert demo.erp is not None
    assert demo.erp.base_url == "https://provedor.example.com/sgp"
    assert demo.erp.token.get_secret_value() == "token-of-erp"
    assert "token-of-erp" not in repr(demo)
    assert demo.erp.ticket_kinds == {TicketCategory.NO_CONNECTION: "1", TicketCategory.SLOW: "02"}


def test_each_problem_is_reported_with_its_line_and_key(tmp_path: Path) -> None:
    text = (
        FULL.replace("kind: sgp", "kind: ixc")
        .replace("https://Provedor", "https://u:top-secret@provedor")
        .replace("DEMO_ERP", "NOWHERE")
        .replace("app: niochat", "app: ''")
        .replace("sem_conexao: 1", "sem_conexao: top secret")
        .replace("lentidao:", "lentidão:")
        .replace("200", "201")
        .replace("100000", "0")
        .replace("120", "121")
    )

    assert [problem.split(": ")[:2] for problem in problems(tmp_path, text)] == [
        ["line 5", "providers[0].erp.kind"],
        ["line 6", "providers[0].erp.base_url"],
        ["line 7", "providers[0].erp.token"],
        ["line 8", "providers[0].erp.app"],
        ["line 10", "providers[0].erp.ticket_kinds.sem_conexao"],
        ["line 11", "providers[0].erp.ticket_kinds.lentidão"],
        ["line 12", "providers[0].erp.calls_at_once"],
        ["line 13", "providers[0].erp.per_minute"],
        ["line 14", "providers[0].erp.timeout_s"],
    ]


WRONG: list[tuple[dict[str, Any], str]] = [
    (build_erp(kind="ixc"), "erp.kind: unknown kind of ERP: use one of"),
    (build_erp(url="http://h"), "erp.url: unknown key"),
    (build_erp(base_url="provedor.sgp.net.br"), "base_url: must be an address that begins with"),
    (build_erp(base_url="http://h/?token=1"), "base_url: must be an address without user, query"),
    (build_erp(token="two words"), "token: must be one word of visible ASCII"),
    (build_erp(token=7), "token: must be text"),
    (build_erp(app=" "), "app: must be one line of text"),
    (build_erp(ticket_kinds=["1"]), "ticket_kinds: must be a mapping of keys to values"),
    (build_erp(ticket_kinds={"outra": 1}), "ticket_kinds.outra: Input should be 'sem_conexao'"),
    (build_erp(ticket_kinds={"outro": ""}), "ticket_kinds.outro: must be a code"),
    (build_erp(ticket_kinds={"outro": "x" * 21}), "ticket_kinds.outro: must be a code"),
    (build_erp(ticket_kinds={"outro": "a b"}), "ticket_kinds.outro: must be a code"),
    (build_erp(ticket_kinds={"outro": "a\x00"}), "ticket_kinds.outro: must be"),
    (build_erp(ticket_kinds={"outro": True}), "ticket_kinds.outro: must be a code"),
    (build_erp(ticket_kinds={"outro": 1.5}), "ticket_kinds.outro: must be a code"),
    (build_erp(ticket_kinds={"outro": 10**20}), "ticket_kinds.outro: must be a code"),
    (build_erp(calls_at_once=0), "calls_at_once: Input should be greater than or equal to 1"),
    (build_erp(calls_at_once=2.5), "calls_at_once: must be a whole number"),
    (build_erp(per_minute=100_001), "per_minute: Input should be less than or equal to 100000"),
    (build_erp(timeout_s=0.5), "timeout_s: Input should be greater than or equal to 1"),
    (build_erp(timeout_s="32"), "timeout_s: must be a number"),
]


@pytest.mark.parametrize(("declared", "said"), WRONG)
def test_a_wrong_value_is_refused_in_a_sentence(
    tmp_path: Path, declared: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        load_provider_file(tmp_path, build_provider(erp=declared))

    assert said in str(refused.value)


@pytest.mark.parametrize("key", ["base_url", "token", "app"])
def test_required_erp_fields_must_be_present(tmp_path: Path, key: str) -> None:
    text = "".join(line for line in FULL.splitlines(True) if f" {key}:" not in line)

    assert problems(tmp_path, text) == [f"line 4: providers[0].erp.{key}: is missing"]
