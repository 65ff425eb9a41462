"""``niochat say``: plays a customer on the sandbox."""

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from niochat.cli import command_context
from niochat.cli.commands.demo_commands import demo_token
from niochat.cli.sandbox_client import SandboxClient
from niochat.domain.errors import InvalidInputError

QUIET_AFTER_S = 1.5
"""The command ends this long after the last answer."""
_POLL_S = 20.0
_console = Console()
_FILE_LABELS = {"image": "imagem", "document": "documento"}


def say(
    phone: Annotated[str, typer.Argument(help="The customer's phone, such as +5581988887777.")],
    text: Annotated[
        str | None, typer.Argument(help="The text; without it, the command is interactive.")
    ] = None,
    voice: Annotated[str | None, typer.Option(help="Send a voice note with these words.")] = None,
    file: Annotated[
        str | None,
        typer.Option(help="Send a sample picture or PDF of the sandbox; TEXT is its caption."),
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for an answer.")] = 30.0,
) -> None:
    """Write as a customer and print the answers. Exit 1 without an answer."""
    if not re.fullmatch(r"\+?\d{10,15}", phone):
        raise InvalidInputError(f"{phone!r} is not a phone: write it as +5581988887777")
    if voice is not None and (file is not None or text is not None):
        raise InvalidInputError(
            "a voice note has neither a file nor a text: leave TEXT and --file out"
        )
    message: dict[str, object] = {"text": text or ""}
    if voice is not None:
        message["speech"] = voice
    if file is not None:
        message["sample"] = file
    has_message = text is not None or len(message) > 1
    answered = command_context.run_async(
        lambda: _run_conversation(phone, message if has_message else None, wait)
    )
    if not answered:
        raise typer.Exit(1)


def format_item(item: Mapping[str, Any]) -> str:
    """Return a message of the sandbox's phone API as a line: its text, or the kind of its file."""
    file = item.get("file")
    if file is None:
        return str(item["text"])
    label = _FILE_LABELS.get(item["kind"], "arquivo")
    name = f" {file['name']}" if file["name"] and item["kind"] == "document" else ""
    return f"[{label}{name}] {item['text']}".rstrip()


async def _run_conversation(
    phone: str, message: Mapping[str, object] | None, wait_s: float
) -> bool:
    client = SandboxClient(command_context.sandbox_url(), demo_token())
    try:
        if message is not None:
            return await _exchange(client, phone, message, wait_s)
        return await _run_interactive(client, phone, wait_s)
    finally:
        await client.close()


async def _run_interactive(client: SandboxClient, phone: str, wait_s: float) -> bool:
    """Sends each line and prints whatever arrives, also unasked, such as the request for a
    rating. Returns whether the last line was answered.
    """
    _console.print(
        "[dim]Write as the customer; an empty line or Ctrl-D ends. Some time after the end of a"
        " conversation a rating is asked for: answer with 🤩, 2 or a few words.[/dim]"
    )
    arrivals = _Arrivals(client, phone)
    await arrivals.skip_earlier()
    watcher = asyncio.create_task(arrivals.print_all())
    try:
        while line := await _read_line():
            arrivals.answered.clear()
            await client.send_message(phone, line)
            arrivals.awaits_answer = True
        if not arrivals.awaits_answer:
            return True
        try:
            async with asyncio.timeout(wait_s):
                await arrivals.answered.wait()
        except TimeoutError:
            _console.print(f"[red]no answer within {wait_s:g} s[/red]")
        return arrivals.answered.is_set()
    finally:
        watcher.cancel()


async def _read_line() -> str:
    """Returns the next line; empty at the end."""
    try:
        return (await asyncio.to_thread(input, "você: ")).strip()
    except EOFError:
        return ""


class _Arrivals:
    """Prints what arrives on the phone."""

    def __init__(self, client: SandboxClient, phone: str) -> None:
        self._client = client
        self._phone = phone
        self._position = 0
        self.answered = asyncio.Event()
        self.awaits_answer = False

    async def skip_earlier(self) -> None:
        self._position = int((await self._client.wait_for_messages(self._phone, 0, 0))["next"])

    async def print_all(self) -> None:
        while True:
            if await self.print_next(_POLL_S):
                self.answered.set()

    async def print_next(self, wait_s: float) -> bool:
        """Waits for the next messages and prints them; returns whether there were any."""
        page = await self._client.wait_for_messages(self._phone, self._position, wait_s)
        self._position = int(page["next"])
        received = [item for item in page["items"] if item["direction"] == "received"]
        for item in received:
            # Values to copy, such as a PIX code, must not be broken into lines or replaced.
            _console.print(
                f"[green]niochat:[/green] {escape(format_item(item))}",
                highlight=False,
                soft_wrap=True,
                emoji=False,
            )
        return bool(received)


async def _exchange(
    client: SandboxClient, phone: str, message: Mapping[str, object], wait_s: float
) -> bool:
    """Send a message and print answers until there are no more. Return whether there were any."""
    arrivals = _Arrivals(client, phone)
    await arrivals.skip_earlier()
    await client.send_message(
        phone, str(message["text"]), **{k: v for k, v in message.items() if k != "text"}
    )
    deadline = time.monotonic() + wait_s
    answered = False
    while (left := deadline - time.monotonic()) > 0:
        if await arrivals.print_next(min(QUIET_AFTER_S if answered else left, left)):
            answered = True
        elif answered:
            return True
    if not answered:
        _console.print(f"[red]no answer within {wait_s:g} s[/red]")
    return answered
