"""The Supabase sandbox of a stack: where it is possible, and what the children are told."""

import json
from pathlib import Path

import pytest

from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.stack_errors import StackError
from niochat.launcher.supabase.supabase_server import (
    URL_VARIABLE,
    SupabaseServer,
    require_possible,
)

KEYS = {"secret_key": "sb_secret_x", "publishable_key": "sb_publishable_x", "jwt_secret": "y"}


@pytest.fixture(autouse=True)
def no_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)


def test_it_belongs_to_the_demo_on_the_embedded_database() -> None:
    require_possible(sandbox=True, database_url=None)
    with pytest.raises(StackError, match="--no-sandbox"):
        require_possible(sandbox=False, database_url=None)
    with pytest.raises(StackError, match="unset DATABASE_URL"):
        require_possible(sandbox=True, database_url="postgresql://a:b@db.example/niochat")


def test_a_real_project_of_the_environment_is_not_mixed_with_the_sandbox(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(URL_VARIABLE, "https://abcdefghijklmnopqrst.supabase.co")
    with pytest.raises(StackError, match=f"unset it|{URL_VARIABLE}"):
        require_possible(sandbox=True, database_url=None)


def test_children_get_the_url_and_the_two_keys_and_nothing_before_the_first_start(
    tmp_path: Path,
) -> None:
    home = HomeFolder.create(tmp_path / "home")
    server = SupabaseServer(home, 23456)
    assert server.environment() == {}

    (home.folder / "supabase").mkdir()
    (home.folder / "supabase" / "keys.json").write_text(json.dumps(KEYS))

    assert server.environment() == {
        URL_VARIABLE: "http://127.0.0.1:23456",
        "NIOCHAT_SUPABASE_KEY": "sb_secret_x",
        "NIOCHAT_SUPABASE_PUBLISHABLE_KEY": "sb_publishable_x",
    }
    assert server.dashboard_url == "http://127.0.0.1:23456/dashboard/"
