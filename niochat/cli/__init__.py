"""The command line: start it, feed it, look at it."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from niochat.cli import customer, desk, providers, stack
from niochat.cli.actors import manage_actors
from niochat.cli.bench.commands import app as bench
from niochat.cli.chaos.command import chaos
from niochat.cli.evaluate import evaluate
from niochat.cli.people import audit_app, create_superuser, keys_app, unlock_login
from niochat.cli.refused import list_refused_texts
from niochat.cli.replay import replay_conversation
from niochat.cli.simulate import simulate_customers
from niochat.domain.errors import InvalidInputError, NiochatError
from niochat.domain.plain import control_character_error
from niochat.stack.errors import StackError

app = typer.Typer(
    name="niochat",
    help="Customer service on WhatsApp for internet providers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
app.command("up")(stack.start_stack)
app.command("down")(stack.stop_stack)
app.command("migrate")(providers.migrate)
app.command("apply")(providers.apply_provider_file)
app.command("demo")(providers.show_demo)
app.command("doctor")(providers.run_doctor)
app.command("say")(customer.say)
app.command("simulate")(simulate_customers)
app.command("evaluate")(evaluate)
app.add_typer(bench, name="bench")
app.command("chaos")(chaos)
app.command("superuser")(create_superuser)
app.command("unlock")(unlock_login)
app.add_typer(audit_app, name="audit")
app.add_typer(keys_app, name="keys")
app.command("conversations")(desk.list_conversations)
app.command("refused")(list_refused_texts)
app.command("show")(desk.show_conversation)
app.command("replay")(replay_conversation)
app.command("actors")(manage_actors)
app.command("assign")(desk.assign_conversation)
app.command("give-back")(desk.return_to_assistant)


def check_arguments(words: Sequence[str]) -> None:
    """Names and texts end in the database and on screens. Raises ``InvalidInputError`` for one that no door
    would take; it is named by what stands before it.
    """
    for number, word in enumerate(words):
        before = words[number - 1] if number and words[number - 1].startswith("-") else ""
        odd = control_character_error(word, before or f"word {number + 1} of the command")
        if odd is not None:
            raise InvalidInputError(odd, code="control_character")


def main() -> None:
    """Run the command; our errors are one sentence and exit code 1."""
    try:
        check_arguments(sys.argv[1:])
        app()
    except (NiochatError, StackError) as error:
        _exit_with_error(str(error))
    except OSError as error:
        # A file or folder of the home, mostly: a full disk, a right that is missing.
        where = f"{error.filename}: " if error.filename else ""
        _exit_with_error(f"{where}{error.strerror or error}")


def _exit_with_error(sentence: str) -> NoReturn:
    # Not broken into lines: it may end with a command to copy.
    Console(stderr=True).print(
        f"[red]niochat:[/red] {escape(sentence)}", highlight=False, soft_wrap=True
    )
    sys.exit(1)
