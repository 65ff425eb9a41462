"""What commands print can be copied from a screen of 80 columns, and runs where it was printed."""

import io
import os
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from niochat.cli import command_context
from niochat.cli.commands.admin_commands import demo_logins_for
from niochat.cli.commands.demo_commands import print_logins, subscribers_table
from niochat.identity.demo_users import DEMO_TENANTS

PASSWORD = "0123456789abcdef" * 3


def narrow() -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, width=80, no_color=True), text


def test_log_ins_and_passwords_of_the_demo_stand_in_one_piece() -> None:
    console, text = narrow()
    found: dict[str, Any] = {
        "superusers": demo_logins_for(None, PASSWORD),
        "tenants": [
            {"slug": slug, "users": demo_logins_for(slug, PASSWORD)} for slug in DEMO_TENANTS
        ],
    }

    print_logins(found, console)

    said = text.getvalue()
    logins = [user["login"] for user in found["superusers"]]
    logins += [user["login"] for tenant in found["tenants"] for user in tenant["users"]]
    assert len(logins) == 7
    assert all(re.search(rf"(?m)(^|\s){re.escape(each)}(\s|$)", said) for each in logins)
    assert said.count(PASSWORD) == 1
    assert "…" not in said


def test_telephones_and_documents_of_the_demo_stand_in_one_piece() -> None:
    console, text = narrow()
    people = [
        {
            "phone": "+5581988887777",
            "cpf": "318.204.500-82",
            "name": "Maria da Silva " * 4,
            "case": "fatura em aberto, suspensa por falta de pagamento " * 2,
            "open_invoices": 2,
        },
        {
            "phone": "+5581988880000",
            "cpf": "12.345.678/0001-90",
            "name": "Padaria",
            "case": "fibra rompida",
            "open_invoices": 0,
        },
    ]

    console.print(subscribers_table(people))

    said = text.getvalue()
    for person in people:
        assert str(person["phone"]) in said
        assert str(person["cpf"]) in said
    assert "…" not in said


def test_a_command_that_is_told_carries_the_home_that_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NIOCHAT_HOME", raising=False)
    assert not command_context.format_command("down").startswith("NIOCHAT_HOME")

    home = tmp_path / "a home"
    monkeypatch.setenv("NIOCHAT_HOME", str(home))
    assert command_context.format_command("down").startswith(f"NIOCHAT_HOME='{home}' ")
    assert command_context.format_command("say", "1").endswith("niochat say 1")

    monkeypatch.setenv("NIOCHAT_HOME", os.fspath(command_context.default_home_path()))
    assert not command_context.format_command("down").startswith("NIOCHAT_HOME")
