"""``niochat up`` and ``niochat down``: one whole NioChat on this machine."""

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
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel

from niochat.adapters.postgres.migrate import migrate
from niochat.cli import providers, running
from niochat.stack.errors import StackError
from niochat.stack.home import Home
from niochat.stack.launcher import Options, Stack

READY_WITHIN_S = 120.0
MEND_S = 1.0
_console = Console()


def up(
    port: Annotated[
        int | None, typer.Option(help="HTTP port; default 8000 or the next free.")
    ] = None,
    sandbox: Annotated[
        bool, typer.Option(help="Simulated gateway and model, demo provider.")
    ] = True,
    dashboard: Annotated[bool, typer.Option(help="Ray's dashboard and state API.")] = False,
    detach: Annotated[bool, typer.Option(help="Return once it is ready; it goes on.")] = False,
    stop: Annotated[bool, typer.Option(help="Stop what runs in this home.")] = False,
) -> None:
    """Start everything and show where it answers; Ctrl-C stops all of it."""
    if stop:
        down()
    elif detach:
        _detach(port, sandbox, dashboard)
    else:
        _attend(port, sandbox, dashboard)


def down() -> None:
    """Stop what runs in this home, whoever started it."""
    Stack(running.home()).down(_progress)


def _attend(port: int | None, sandbox: bool, dashboard: bool) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    options = Options.from_environment(
        http_port=port, sandbox=sandbox, dashboard=dashboard, migrate=_migrate
    )
    stack = Stack(running.home(), options)
    started = time.monotonic()
    try:
        environment = stack.up(_progress)
        os.environ.update(environment)
        _prepare(stack, sandbox)
        _wait_until_ready(stack.url)
        _show(stack, time.monotonic() - started)
        while True:
            time.sleep(MEND_S)
            stack.mend(_progress)
    except KeyboardInterrupt:
        _progress("Stopping: this takes a few seconds.")
    finally:
        # Held lock or not: nothing that was started may stay.
        stack.down(lambda step: None)
    _progress("Stopped.")


def _prepare(stack: Stack, sandbox: bool) -> None:
    if not sandbox:
        return
    _progress("Applying the demo provider.")
    asyncio.run(providers.apply_demo())


def _wait_until_ready(url: str) -> None:
    _progress("Waiting until every part answers.")
    deadline = time.monotonic() + READY_WITHIN_S
    failing = "nothing answers yet"
    while time.monotonic() < deadline:
        ready, failing = _ready(url)
        if ready:
            return
        time.sleep(0.2)
    raise StackError(f"not ready after {READY_WITHIN_S:g} s: {failing}; see the log folder")


def _ready(url: str) -> tuple[bool, str]:
    try:
        with urllib.request.urlopen(f"{url}/api/health/ready", timeout=5) as answer:
            return answer.status == 200, ""
    except urllib.error.HTTPError as error:
        return False, error.read(500).decode(errors="replace")
    except (urllib.error.URLError, OSError) as error:
        return False, str(error)


def _show(stack: Stack, seconds: float) -> None:
    niochat = Path(sys.executable).with_name("niochat")
    with contextlib.suppress(ValueError):
        niochat = niochat.relative_to(Path.cwd())
    lines = [f"[bold]{stack.url}[/bold]   health: {stack.url}/api/health/ready"]
    environment: Mapping[str, str] = stack.environment()
    sandbox = environment.get("NIOCHAT_SANDBOX_URL")
    if sandbox:
        lines.append(f"{sandbox}/sandbox   simulated WhatsApp gateway, phones, ERP and model")
    if stack.options.dashboard:
        lines.append(f"{stack.ray.dashboard_url}   Ray dashboard")
    lines.append("")
    if sandbox:
        lines.append(f'[green]{niochat} say +5581988887777 "oi"[/green]   write as a customer')
        lines.append(f"[green]{niochat} conversations[/green]   then: show, assign, give-back")
        lines.append(
            f"[green]{niochat} simulate --customers 200 --minutes 2[/green]   load, then an audit"
        )
    else:
        lines.append(
            f"[green]{niochat} apply providers.yaml[/green]   your providers, see examples/"
        )
    lines.append("Ctrl-C stops everything.")
    _console.print(
        Panel("\n".join(lines), title=f"NioChat is ready ({seconds:.0f} s)", expand=False)
    )


def _detach(port: int | None, sandbox: bool, dashboard: bool) -> None:
    log = Home.at(running.home()).log("up")
    command = [sys.executable, "-m", "niochat", "up"]
    command += ["--port", str(port)] if port else []
    command += [] if sandbox else ["--no-sandbox"]
    command += ["--dashboard"] if dashboard else []
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)  # one of an older code was everybody's to read
    with os.fdopen(descriptor, "wb") as output:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    shown = 0
    while True:
        text = log.read_text(encoding="utf-8", errors="replace")
        sys.stdout.write(text[shown:])
        sys.stdout.flush()
        shown = len(text)
        if "Ctrl-C stops everything." in text:
            _progress("It goes on in the background; scripts/run --stop ends it.")
            return
        if child.poll() is not None:
            raise typer.Exit(child.returncode or 1)
        time.sleep(0.2)


async def _migrate(dsn: str) -> None:
    await asyncio.to_thread(migrate, dsn)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _progress(step: str) -> None:
    _console.print(f"[dim]·[/dim] {step}", highlight=False)
