"""The screen at the end of a start: the desk first, and a log-in that can be copied."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from niochat.cli.desk_setup import DeskSetup
from niochat.cli.ready_screen import ReadyScreen, ReadyStack
from niochat.cli.supabase.demo_mirror import DASHBOARD_VARIABLE
from niochat.http.desk.desk_builds import DeskBuilds
from niochat.launcher.demo_password import new_demo_password
from niochat.launcher.desk_build.desk_builder import DeskBuilder
from niochat.launcher.desk_build.node_runtime import NodeRuntime
from tests.http.desk.conftest import DIGEST, write_build

URL = "http://127.0.0.1:31999"
SANDBOX = {"NIOCHAT_SANDBOX_URL": "http://127.0.0.1:20001"}


def desk_of(folder: Path, *, built: bool) -> DeskSetup:
    builds = DeskBuilds(folder / "dist")
    if built:
        builds.publish(write_build(folder / "built"), DIGEST)
    return DeskSetup(DeskBuilder(folder, builds), builds)


def shown(desk: DeskSetup, password: str | None = None, **changes: object) -> list[str]:
    text = io.StringIO()
    environment = {**SANDBOX, "NIOCHAT_DEMO_PASSWORD": password} if password else {}
    fields: dict[str, object] = {
        "url": URL,
        "environment": environment,
        "dashboard_url": None,
        "seconds": 12.3,
        "detached": False,
        **changes,
    }
    ReadyScreen(Console(file=text, width=80, no_color=True)).show(
        ReadyStack(**fields),  # type: ignore[arg-type]
        desk,
    )
    return [line.rstrip() for line in text.getvalue().splitlines()]


def test_the_address_of_the_desk_comes_first_with_one_log_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NIOCHAT_HOME", raising=False)
    password = new_demo_password()

    lines = shown(desk_of(tmp_path, built=True), password)

    assert lines[1].split()[0] == URL
    assert lines[2].split()[-1] == "admin@demo.example.com"
    assert lines[3].split()[-1] == password
    assert "\n".join(lines).count(password) == 1
    assert "\n".join(lines).count("@demo.example.com") == 1


def test_nothing_to_copy_is_wider_than_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NIOCHAT_HOME", raising=False)
    longest = "-".join(["diamante"[:7]] * 3 + ["0000"])

    for lines in (
        shown(desk_of(tmp_path / "a", built=True), longest, dashboard_url=URL),
        shown(desk_of(tmp_path / "b", built=False), None, detached=True),
        shown(desk_of(tmp_path / "c", built=True), "0" * 48),  # a home of an older version
    ):
        copied = [line for line in lines if "://" in line or "password" in line or "log in" in line]
        assert copied
        assert max(map(len, copied)) <= 80


def test_a_detached_launcher_leaves_the_password_to_its_parent(tmp_path: Path) -> None:
    lines = shown(desk_of(tmp_path, built=True), "varanda-sacola-orla-0129", detached=True)

    assert not [line for line in lines if "varanda" in line]


def test_a_missing_desk_is_named_with_what_to_do(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, built=False)
    desk.problem = "npm ci cannot reach the npm registry: connect this machine"

    lines = "\n".join(shown(desk, "pw"))

    assert "The desk is missing: npm ci cannot reach" in lines
    assert URL in lines


def test_an_older_build_is_said_to_be_one(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, built=True)
    desk.problem = "npm run build failed: no such name"

    assert "The desk is an older build: npm run build failed" in "\n".join(shown(desk, "pw"))


def test_in_development_the_address_of_the_sources_comes_first(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, built=True)
    desk.dev_url = "http://127.0.0.1:20123"

    lines = shown(desk, "pw")

    assert lines[1].startswith("http://127.0.0.1:20123")
    assert lines[2].startswith(URL)


def test_without_the_sandbox_there_is_no_log_in_but_the_way_to_one(tmp_path: Path) -> None:
    lines = "\n".join(shown(desk_of(tmp_path, built=True)))

    assert "password" not in lines
    assert "superuser" in lines


def test_a_failing_build_ends_no_start(tmp_path: Path) -> None:
    (tmp_path / "frontend").mkdir()
    (tmp_path / "frontend" / "package-lock.json").write_text("{}")
    steps: list[str] = []
    builds = DeskBuilds(tmp_path / "dist")
    missing = NodeRuntime(tmp_path, (str(tmp_path / "npm"),))
    desk = DeskSetup(DeskBuilder(tmp_path, builds, missing), builds)

    desk.build(steps.append)

    assert desk.problem is not None
    assert steps[-1:] == [f"The desk was not built: {desk.problem}."]


def test_the_link_of_the_supabase_dashboard_is_on_a_line_of_its_own_but_in_no_log(
    tmp_path: Path,
) -> None:
    link = f"{URL}/dashboard/#key=nk_{'x' * 43}"
    environment = {**SANDBOX, DASHBOARD_VARIABLE: link}

    assert link in shown(desk_of(tmp_path, built=True), environment=environment)
    hidden = shown(desk_of(tmp_path, built=True), environment=environment, detached=True)
    assert not any("nk_" in line for line in hidden)
