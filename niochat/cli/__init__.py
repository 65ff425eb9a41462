"""The command line interface, ``niochat``."""

import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from niochat.cli.audit_log.month_commands import drop_audit_months, partition_audit
from niochat.cli.commands import conversation_commands, say_command, stack_commands
from niochat.cli.commands.actor_commands import manage_actors
from niochat.cli.commands.admin_commands import audit_app, create_superuser, keys_app, unlock_login
from niochat.cli.commands.apply_command import apply_provider_file
from niochat.cli.commands.demo_commands import show_demo
from niochat.cli.commands.doctor_command import run_doctor
from niochat.cli.commands.migrate_command import migrate
from niochat.cli.commands.refused_text_command import list_refused_texts
from niochat.cli.commands.replay_command import replay_conversation
from niochat.cli.commands.simulate_command import simulate_customers
from niochat.cli.read_model.rebuild_command import rebuild_projection
from niochat.cli.supabase.supabase_commands import supabase_app
from niochat.domain.errors import InvalidInputError, NiochatError
from niochat.domain.text_validation import control_character_error
from niochat.launcher.stack_errors import StackError

app = typer.Typer(
    name="niochat",
    help="Customer service on WhatsApp for internet providers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
app.command("up")(stack_commands.start_stack)
app.command("down")(stack_commands.stop_stack)
app.command("migrate")(migrate)
app.command("apply")(apply_provider_file)
app.command("demo")(show_demo)
app.command("doctor")(run_doctor)
app.command("say")(say_command.say)
app.command("simulate")(simulate_customers)
app.command("superuser")(create_superuser)
app.command("unlock")(unlock_login)
audit_app.command("partition")(partition_audit)
audit_app.command("drop-months")(drop_audit_months)
app.add_typer(audit_app, name="audit")
app.add_typer(keys_app, name="keys")
app.command("conversations")(conversation_commands.list_conversations)
app.command("refused")(list_refused_texts)
app.command("show")(conversation_commands.show_conversation)
app.add_typer(supabase_app, name="supabase")
app.command("rebuild")(rebuild_projection)
app.command("replay")(replay_conversation)
app.command("actors")(manage_actors)
app.command("assign")(conversation_commands.assign_conversation)
app.command("give-back")(conversation_commands.return_to_assistant)


PLUGIN_GROUP = "niochat.commands"
"""Entry points by which other packages add a command: a Typer application or a function."""


def add_plugin_commands(command: str | None) -> None:
    """Add the commands of other packages. Only ``command`` is imported, because the benchmarks take
    long to import; with None, as for the help page, all are.
    """
    for plugin in entry_points(group=PLUGIN_GROUP):
        if command is None or command == plugin.name:
            added = plugin.load()
            if isinstance(added, typer.Typer):
                app.add_typer(added, name=plugin.name)
            else:
                app.command(plugin.name)(added)


def check_arguments(words: Sequence[str]) -> None:
    """Reject control characters: arguments are stored in the database and shown on screens. Raises
    ``InvalidInputError`` that names the option or the position.
    """
    for number, word in enumerate(words):
        option = words[number - 1] if number and words[number - 1].startswith("-") else ""
        problem = control_character_error(word, option or f"word {number + 1} of the command")
        if problem is not None:
            raise InvalidInputError(problem, code="control_character")


def main() -> None:
    """Run the command. An expected error is printed as one sentence, with exit code 1."""
    try:
        check_arguments(sys.argv[1:])
        first = sys.argv[1] if len(sys.argv) > 1 else "--help"
        add_plugin_commands(None if first.startswith("-") else first)
        app()
    except (NiochatError, StackError) as error:
        _exit_with_error(str(error))
    except OSError as error:
        # Usually a file of the home directory: the disk is full, or a permission is missing.
        where = f"{error.filename}: " if error.filename else ""
        _exit_with_error(f"{where}{error.strerror or error}")


def _exit_with_error(sentence: str) -> NoReturn:
    # No line breaks: the sentence may end with a command to copy.
    Console(stderr=True).print(
        f"[red]niochat:[/red] {escape(sentence)}", highlight=False, soft_wrap=True
    )
    sys.exit(1)
