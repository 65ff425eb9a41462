"""The desk is built when its sources have changed, and a failure leaves what was served before."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from niochat.launcher.desk_build.desk_builder import DeskBuilder
from niochat.launcher.desk_build.node_runtime import (
    DeskBuildError,
    NodeRuntime,
    find_installed_node,
)
from tests.launcher.desk_build.conftest import CheckoutFixture
from tests.wait_until import wait_until

ONE = "<html>1</html>"
BUILD = """
import sys
from pathlib import Path
from niochat.http.desk.desk_builds import DeskBuilds
from niochat.launcher.desk_build.desk_builder import DeskBuilder
from niochat.launcher.desk_build.node_runtime import NodeRuntime
folder = Path(sys.argv[1])
node = NodeRuntime(folder, (str(folder / "npm"),))
DeskBuilder(folder, DeskBuilds(folder / "dist"), node).build(lambda step: print(step, flush=True))
"""


def test_unchanged_sources_call_npm_once_and_are_known_at_once(checkout: CheckoutFixture) -> None:
    assert checkout.build()
    assert checkout.page() == ONE
    assert checkout.calls == ["ci", "run"]

    started = time.monotonic()
    assert not checkout.build()

    assert time.monotonic() - started < 1
    assert checkout.calls == ["ci", "run"]


def test_a_changed_source_is_built_without_installing_the_packages_again(
    checkout: CheckoutFixture,
) -> None:
    checkout.build()
    checkout.write("index.html", "<html>2</html>")

    assert checkout.build()

    assert checkout.page() == "<html>2</html>"
    assert checkout.calls == ["ci", "run", "run"]


def test_another_lock_file_installs_the_packages_again(checkout: CheckoutFixture) -> None:
    checkout.build()
    checkout.write("package-lock.json", '{"name": "desk"}')

    assert checkout.build()

    assert checkout.calls == ["ci", "run", "ci", "run"]


@pytest.mark.parametrize(
    "name", ["src/list.test.ts", "node_modules/x.js", "dist/x.js", "coverage/x.html", ".cache/x"]
)
def test_tests_and_what_tools_leave_are_no_sources(checkout: CheckoutFixture, name: str) -> None:
    before = checkout.builder().source_digest()
    (checkout.sources / name).parent.mkdir(exist_ok=True)
    checkout.write(name, "changed")

    assert checkout.builder().source_digest() == before


@pytest.mark.parametrize(
    "change",
    [("src/main.ts", "export {}; //"), ("src/added.ts", ""), ("package.json", "{}")],
    ids=lambda change: change[0],
)
def test_whatever_a_build_reads_is_a_source(
    checkout: CheckoutFixture, change: tuple[str, str]
) -> None:
    before = checkout.builder().source_digest()
    checkout.write(*change)

    assert checkout.builder().source_digest() != before


@pytest.mark.parametrize("step", ["ci", "build"])
def test_a_failing_npm_leaves_the_former_build_and_says_why(
    checkout: CheckoutFixture, step: str
) -> None:
    checkout.build()
    checkout.write("index.html", "<html>2</html>")
    checkout.write("package-lock.json", '{"name": "desk"}')
    (checkout.folder / f"{step}_fails").write_text("vite v8\nerror TS2304: no such name\n")

    with pytest.raises(DeskBuildError, match=r"npm .* failed: error TS2304: no such name"):
        checkout.build()
    assert checkout.page() == ONE

    (checkout.folder / f"{step}_fails").unlink()
    assert checkout.build()
    assert checkout.page() == "<html>2</html>"


def test_without_the_registry_the_packages_come_from_the_cache_of_npm(
    checkout: CheckoutFixture,
) -> None:
    (checkout.folder / "ping_fails").write_text("npm error code EAI_AGAIN\n")

    assert checkout.build()

    assert "--offline" in next(line for line in checkout.call_lines if line.startswith("ci"))


def test_a_mirror_that_knows_no_ping_is_used_all_the_same(checkout: CheckoutFixture) -> None:
    (checkout.folder / "ping_fails").write_text("npm error code E404\n")

    assert checkout.build()

    assert "--offline" not in "".join(checkout.call_lines)


def test_an_unreachable_registry_is_named_with_what_to_do(checkout: CheckoutFixture) -> None:
    (checkout.folder / "ci_fails").write_text(
        "npm error code ENOTFOUND\n"
        "npm error network request to https://packages.example.com failed\n"
    )

    with pytest.raises(DeskBuildError, match=r"cannot reach the npm registry .*connect"):
        checkout.build()

    assert checkout.page() is None
    assert checkout.calls == ["ci"]


@pytest.mark.asyncio
async def test_a_build_that_was_killed_in_the_middle_serves_nothing_of_it(
    checkout: CheckoutFixture,
) -> None:
    checkout.build()
    checkout.write("index.html", "<html>2</html>")
    open_gate = checkout.close_gate()
    killed = start(checkout)
    npm = await wait_until(lambda: waiting_npm(killed))
    killed.kill()
    killed.communicate()
    assert checkout.page() == ONE

    # Its npm still runs. The next start waits instead of working beside it.
    again = start(checkout)
    assert again.stdout is not None
    assert "waiting" in again.stdout.readline()
    assert npm.is_running()
    open_gate()
    again.communicate(timeout=30)

    assert again.returncode == 0
    assert checkout.calls == ["ci", "run", "run", "run"]
    assert checkout.page() == "<html>2</html>"


@pytest.mark.asyncio
async def test_an_interrupted_build_ends_its_npm(checkout: CheckoutFixture) -> None:
    checkout.close_gate()
    interrupted = start(checkout)
    npm = await wait_until(lambda: waiting_npm(interrupted))
    interrupted.send_signal(signal.SIGINT)
    interrupted.communicate(timeout=20)

    npm.wait(10)
    assert checkout.page() is None


def start(checkout: CheckoutFixture) -> "subprocess.Popen[str]":
    """A start of the product, as far as it builds the desk."""
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, str(checkout.folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def waiting_npm(starter: "subprocess.Popen[str]") -> psutil.Process | None:
    """The part of npm that waits at the gate."""
    try:
        below = psutil.Process(starter.pid).children(recursive=True)
        return next((each for each in below if each.name() == "cat"), None)
    except psutil.NoSuchProcess:  # one that ended while it was looked at
        return None


def test_two_starts_at_once_build_once(checkout: CheckoutFixture) -> None:
    starts = [start(checkout) for _ in range(2)]
    for each in starts:
        each.communicate(timeout=30)

    assert [each.returncode for each in starts] == [0, 0]
    assert checkout.calls == ["ci", "run"]
    assert checkout.page() == ONE


def test_a_wheel_has_no_sources_and_builds_nothing(tmp_path: Path) -> None:
    builder = DeskBuilder(tmp_path)

    assert not builder.has_sources
    assert not builder.build(lambda step: None)
    with pytest.raises(DeskBuildError, match="checkout"):
        builder.prepare(lambda step: None)


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is missing: install Node.js")
def test_the_real_npm_installs_from_the_lock_and_builds(checkout: CheckoutFixture) -> None:
    found = find_installed_node(os.environ["PATH"])
    if found is None:
        pytest.skip("the Node.js of this machine is too old")
    checkout.write(
        "package.json",
        '{"name": "desk", "version": "0.0.0", "scripts": {"build": "node build.mjs"}}',
    )
    checkout.write(
        "package-lock.json",
        '{"name": "desk", "version": "0.0.0", "lockfileVersion": 3, "packages": '
        '{"": {"name": "desk", "version": "0.0.0"}}}',
    )
    checkout.write(
        "build.mjs",
        'import fs from "node:fs"; fs.mkdirSync("dist", { recursive: true });'
        'fs.copyFileSync("index.html", "dist/index.html");',
    )
    checkout.node = found

    assert checkout.build()
    assert checkout.page() == ONE
    assert not checkout.build()


@pytest.mark.parametrize(
    ("node", "npm", "usable"),
    [
        ("v20.19.0", "10.8.2", True),
        ("v24.1.0", "11.0.0", True),
        ("v20.18.9", "10.8.2", False),
        ("v18.20.1", "9.0.0", False),
        ("nonsense", "10.8.2", False),
        ("v22.0.0", "", False),
        ("v22.0.0", None, False),
    ],
)
def test_the_node_of_the_machine_must_be_new_enough_and_have_npm(
    tmp_path: Path, node: str, npm: str | None, usable: bool
) -> None:
    for name, version in (("node", node), ("npm", npm)):
        if version is not None:
            program = tmp_path / name
            program.write_text(f'#!/bin/sh\n[ -n "{version}" ] && echo "{version}"\n')
            program.chmod(0o755)

    found = find_installed_node(str(tmp_path))

    assert (found is not None) == usable
    if found is not None:
        assert found.environment({"PATH": "/bin"})["PATH"] == f"{tmp_path}:/bin"
    assert isinstance(found, NodeRuntime | None)
