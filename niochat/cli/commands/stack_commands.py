"""``niochat up`` and ``niochat down``: a complete NioChat on this machine."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from niochat.adapters.postgres.schema_migration import migrate
from niochat.cli import command_context
from niochat.cli.commands import demo_commands
from niochat.cli.desk_setup import DeskSetup
from niochat.cli.ready_screen import ReadyScreen, ReadyStack
from niochat.cli.settings_validation import check_servers, load_valid_settings
from niochat.cli.supabase.demo_mirror import DASHBOARD_VARIABLE, prepare_demo_mirror
from niochat.config import Settings
from niochat.domain.errors import OperationRefusedError
from niochat.identity.demo_users import find_demo_obstacle
from niochat.launcher.home_folder import HomeFolder, HomeLock, read_json
from niochat.launcher.stack_errors import StackError
from niochat.launcher.stack_launcher import StackLauncher, StackOptions

READY_TIMEOUT_S = 120.0
REPAIR_INTERVAL_S = 1.0
_console = Console()


class SupabaseChoice(StrEnum):
    """A Supabase project that comes with the stack."""

    SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class StartChoices:
    """What a start was asked for on the command line."""

    port: int | None
    sandbox: bool
    dashboard: bool
    dev: bool
    supabase: SupabaseChoice | None

    def words(self) -> list[str]:
        """The same choices as words of a command line."""
        words = ["--port", str(self.port)] if self.port is not None else []
        words += [] if self.sandbox else ["--no-sandbox"]
        words += ["--dashboard"] if self.dashboard else []
        words += ["--dev"] if self.dev else []
        return words + (["--supabase", self.supabase] if self.supabase else [])


def start_stack(
    port: Annotated[
        int | None, typer.Option(help="The HTTP port; default: 8000 or the next free one.")
    ] = None,
    sandbox: Annotated[bool, typer.Option(help="Start the sandbox and the demo providers.")] = True,
    dashboard: Annotated[bool, typer.Option(help="Start Ray's dashboard and state API.")] = False,
    dev: Annotated[
        bool, typer.Option("--dev", help="Serve the desk from its sources, with hot reload.")
    ] = False,
    supabase: Annotated[
        SupabaseChoice | None,
        typer.Option(help="Mirror the demo to a stand-in for Supabase, with a live dashboard."),
    ] = None,
    detach: Annotated[bool, typer.Option(help="Return once the stack is ready.")] = False,
    stop: Annotated[bool, typer.Option(help="Stop the stack of this home.")] = False,
    tell: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Start the stack and print its addresses. Ctrl-C stops it."""
    choices = StartChoices(port, sandbox, dashboard, dev, supabase)
    if stop:
        stop_stack()
    elif detach:
        _run_detached(choices)
    else:
        _run_attached(choices, tell)


def stop_stack() -> None:
    """Stop the stack of this home, whoever started it."""
    StackLauncher(command_context.home_path()).down(_print_progress)


def _run_attached(choices: StartChoices, tell: int | None) -> None:
    """Run until interrupted. ``tell`` is a file descriptor of the parent process, which ends once a
    byte on it says that the stack is ready.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    desk = DeskSetup()
    options = StackOptions.from_environment(
        http_port=choices.port,
        sandbox=choices.sandbox,
        supabase_sandbox=choices.supabase is SupabaseChoice.SANDBOX,
        dashboard=choices.dashboard,
        migrate=_migrate,
        check=_check_settings,
        prepare=None if choices.dev else desk.build,
    )
    stack = StackLauncher(command_context.home_path(), options)
    started = time.monotonic()
    try:
        environment = stack.up(_print_progress)
        os.environ.update(environment)
        _apply_demo(stack)
        _wait_until_ready(stack.url)
        if choices.dev:
            desk.start_dev_server(stack, _print_progress)
        seconds = time.monotonic() - started
        dashboard_url = stack.ray.dashboard_url
        ready = ReadyStack(stack.url, stack.environment(), dashboard_url, seconds, tell is not None)
        ReadyScreen(_console).show(ready, desk)
        if tell is not None:
            _signal_ready(tell)
        while True:
            time.sleep(REPAIR_INTERVAL_S)
            stack.restart_dead(_print_progress)
    except KeyboardInterrupt:
        _print_progress("Stopping: this takes a few seconds.")
    finally:
        # Stop only what this launcher has started, not what another one started in this home.
        stack.close()
    _print_progress("Stopped.")


def _apply_demo(stack: StackLauncher) -> None:
    if not stack.options.sandbox:
        return
    _print_progress("Applying the demo provider.")
    asyncio.run(demo_commands.apply_demo())
    if stack.options.supabase_sandbox:
        link = asyncio.run(prepare_demo_mirror(stack.supabase.dashboard_url))
        stack.remember({DASHBOARD_VARIABLE: link})


def _wait_until_ready(url: str) -> None:
    _print_progress("Waiting until every part answers.")
    deadline = time.monotonic() + READY_TIMEOUT_S
    failing = "nothing answers yet"
    while time.monotonic() < deadline:
        ready, failing = _check_ready(url)
        if ready:
            return
        time.sleep(0.2)
    raise StackError(f"not ready after {READY_TIMEOUT_S:g} s: {failing}; see the log folder")


def _check_ready(url: str) -> tuple[bool, str]:
    try:
        with urllib.request.urlopen(f"{url}/api/health/ready", timeout=5) as answer:
            return answer.status == 200, ""
    except urllib.error.HTTPError as error:
        return False, error.read(500).decode(errors="replace")
    except (urllib.error.URLError, OSError) as error:
        return False, str(error)


def _signal_ready(descriptor: int) -> None:
    # The parent process may have ended: that is no reason to stop.
    with contextlib.suppress(OSError), os.fdopen(descriptor, "wb") as starter:
        starter.write(b"ready")


def _run_detached(choices: StartChoices) -> None:
    home = HomeFolder.create(command_context.home_path())
    with HomeLock(home):
        pass  # raises if another process holds the lock
    log = home.log_file("up")
    ready_read, ready_write = os.pipe()
    command = [sys.executable, "-m", "niochat", "up", "--tell", str(ready_write)]
    command += choices.words()
    # Append: another launcher may have started meanwhile and write to the same file.
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.fchmod(descriptor, 0o600)  # older releases created a file that everyone could read
    with os.fdopen(descriptor, "ab") as output:
        shown = os.fstat(descriptor).st_size
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=(ready_write,),
        )
    os.close(ready_write)
    os.set_blocking(ready_read, False)
    try:
        _follow_log(child, ready_read, log, shown)
    except KeyboardInterrupt:
        _print_progress("Stopping: this takes a few seconds.")
        child.terminate()
        child.wait()
        raise typer.Exit(130) from None
    finally:
        os.close(ready_read)
    ReadyScreen(_console).show_secrets(read_json(home.environment_file))


def _follow_log(child: "subprocess.Popen[bytes]", ready: int, log: Path, shown: int) -> None:
    """Print the log of the launcher until it signals on ``ready`` that the stack is ready. If it
    ends earlier, exit with its code.
    """
    while True:
        ended = child.poll() is not None
        signalled = _read_signal(ready)
        with log.open("rb") as file:
            file.seek(shown)
            content = file.read()
        shown += len(content)
        sys.stdout.write(content.decode(errors="replace"))
        sys.stdout.flush()
        if signalled:
            return
        if ended:
            raise typer.Exit(child.returncode or 1)
        time.sleep(0.2)


def _read_signal(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 16)
    except BlockingIOError:
        return b""


def _check_settings(environment: Mapping[str, str]) -> None:
    settings = load_valid_settings(environment)
    external = {name: bool(os.environ.get(name)) for name in ("DATABASE_URL", "REDIS_URL")}
    check_servers(settings, database=external["DATABASE_URL"], redis=external["REDIS_URL"])
    check_demo_allowed(settings, environment)


def check_demo_allowed(settings: Settings, environment: Mapping[str, str]) -> None:
    """Raise ``OperationRefusedError`` if a start would create users whom others could use."""
    obstacle = find_demo_obstacle(settings)
    if "NIOCHAT_DEMO_PASSWORD" in environment and obstacle is not None:
        raise OperationRefusedError(
            f"the sandbox comes with the demo's users, and {obstacle}: start with --no-sandbox, "
            "or with a database of this machine",
            code="demo_reachable",
        )


async def _migrate(owner: str, serving: str) -> None:
    await asyncio.to_thread(migrate, owner, serving_url=serving)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _print_progress(step: str) -> None:
    _console.print(f"[dim]·[/dim] {escape(step)}", highlight=False, soft_wrap=True)
