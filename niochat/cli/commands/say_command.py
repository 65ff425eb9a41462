"""``niochat say``: play a customer of the sandbox."""

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
"""Without news for so long after an answer, the conversation is quiet."""
_console = Console()
_FILE_LABELS = {"image": "imagem", "document": "documento"}


def say(
    phone: Annotated[str, typer.Argument(help="The customer's phone, such as +5581988887777.")],
    text: Annotated[
        str | None, typer.Argument(help="What to say; without it: interactive.")
    ] = None,
    voice: Annotated[
        str | None, typer.Option(help="Say this in a voice note instead of writing.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(help="Send a picture or PDF of the sandbox; TEXT becomes its caption."),
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for an answer.")] = 30.0,
) -> None:
    """Write as a customer and print the answers; 0 when quiet, 1 when no answer came."""
    if not re.fullmatch(r"\+?\d{10,15}", phone):
        raise InvalidInputError(f"{phone!r} is not a phone: write it as +5581988887777")
    if voice is not None and (file is not None or text is not None):
        raise InvalidInputError(
            "a voice note has neither a file nor a text: leave TEXT and --file out"
        )
    said: dict[str, object] = {"text": text or ""}
    if voice is not None:
        said["speech"] = voice
    if file is not None:
        said["sample"] = file
    given = text is not None or len(said) > 1
    answered = command_context.run_async(
        lambda: _run_conversation(phone, said if given else None, wait)
    )
    if not answered:
        raise typer.Exit(1)


def format_item(item: Mapping[str, Any]) -> str:
    """A line of the phone as people read it: texts as they are, files by what they are.

    ``item`` is one of the sandbox's phone API.
    """
    file = item.get("file")
    if file is None:
        return str(item["text"])
    what = _FILE_LABELS.get(item["kind"], "arquivo")
    name = f" {file['name']}" if file["name"] and item["kind"] == "document" else ""
    return f"[{what}{name}] {item['text']}".rstrip()


async def _run_conversation(phone: str, said: Mapping[str, object] | None, wait_s: float) -> bool:
    client = SandboxClient(command_context.sandbox_url(), demo_token())
    try:
        if said is not None:
            return await _exchange(client, phone, said, wait_s)
        return await _run_interactive(client, phone, wait_s)
    finally:
        await client.close()


async def _run_interactive(client: SandboxClient, phone: str, wait_s: float) -> bool:
    _console.print("[dim]Write as the customer; an empty line or Ctrl-D ends.[/dim]")
    answered = True
    while True:
        try:
            line = await asyncio.to_thread(input, "você: ")
        except EOFError:
            return answered
        if not line.strip():
            return answered
        answered = await _exchange(client, phone, {"text": line}, wait_s)


async def _exchange(
    client: SandboxClient, phone: str, said: Mapping[str, object], wait_s: float
) -> bool:
    """Say it; print answers until it is quiet. Whether any came."""
    position = int((await client.wait_for_messages(phone, 0, 0))["next"])
    await client.send_message(
        phone, str(said["text"]), **{k: v for k, v in said.items() if k != "text"}
    )
    deadline = time.monotonic() + wait_s
    answered = False
    while (left := deadline - time.monotonic()) > 0:
        news = await client.wait_for_messages(
            phone, position, min(QUIET_AFTER_S if answered else left, left)
        )
        position = int(news["next"])
        received = [item for item in news["items"] if item["direction"] == "received"]
        for item in received:
            # What may be copied, such as a PIX code, is not broken and not replaced.
            _console.print(
                f"[green]niochat:[/green] {escape(format_item(item))}",
                highlight=False,
                soft_wrap=True,
                emoji=False,
            )
        if received:
            answered = True
        elif answered:
            return True
    if not answered:
        _console.print(f"[red]no answer within {wait_s:g} s[/red]")
    return answered
