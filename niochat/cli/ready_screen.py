"""What ``niochat up`` prints when everything runs: addresses, a log-in, and what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.text import Text

from niochat.cli import command_context
from niochat.cli.desk_setup import DeskSetup
from niochat.cli.supabase.demo_mirror import DASHBOARD_VARIABLE
from niochat.domain.permissions import BuiltInRole
from niochat.identity.demo_users import DEMO_TENANTS, demo_login

STOP_HINT = "Ctrl-C stops everything."


@dataclass(frozen=True)
class ReadyStack:
    """What the screen shows of a running stack."""

    url: str
    environment: Mapping[str, str]
    dashboard_url: str | None
    seconds: float
    detached: bool


class ReadyScreen:
    """Prints lines to copy, which are never broken, for a terminal of 80 columns."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, stack: ReadyStack, desk: DeskSetup) -> None:
        """Print the screen. The address of the desk and one log-in come first."""
        sandbox = stack.environment.get("NIOCHAT_SANDBOX_URL")
        self._console.print(Rule(f"NioChat is ready ({stack.seconds:.0f} s)"))
        self._show_desk(stack, desk)
        if not stack.detached:
            self.show_secrets(stack.environment)
        self._console.print()
        self._print(f"{stack.url}/api/health/ready")
        if sandbox:
            self._print(f"{sandbox}/sandbox", "simulated WhatsApp gateway, phones, ERP and model")
        if stack.dashboard_url:
            self._print(stack.dashboard_url, "Ray dashboard")
        self._console.print()
        for words, meaning in _next_steps(bool(sandbox)):
            self._print(f"[green]{escape(command_context.format_command(words))}[/green]", meaning)
        if stack.detached:
            down = escape(command_context.format_command("down"))
            self._print(f"[green]{down}[/green]", "stops everything")
        else:
            self._print(STOP_HINT)

    def _show_desk(self, stack: ReadyStack, desk: DeskSetup) -> None:
        if desk.dev_url:
            self._print(f"[bold]{desk.dev_url}[/bold]", "the desk, from its sources")
        if desk.is_built or not desk.dev_url:
            self._print(f"[bold]{stack.url}[/bold]", "the desk" if desk.is_built else "")
        if desk.problem:
            state = "is an older build" if desk.is_built else "is missing"
            self._console.print(
                f"[yellow]The desk {state}[/yellow]: {escape(desk.problem)}.",
                highlight=False,
                soft_wrap=True,
            )

    def show_secrets(self, environment: Mapping[str, str]) -> None:
        """Print one log-in, and the link of the Supabase dashboard, if the stack has them. Output
        of a detached launcher is a log, so its parent prints them.
        """
        if (password := environment.get("NIOCHAT_DEMO_PASSWORD")) is not None:
            login = demo_login(BuiltInRole.ADMIN, DEMO_TENANTS[0])
            self._print(f"log in as  [green]{login}[/green]")
            self._print(f"password   [green]{escape(password)}[/green]")
        if (link := environment.get(DASHBOARD_VARIABLE)) is not None:
            self._print(f"[bold]{escape(link)}[/bold]", "the live Supabase dashboard, for a day")

    def _print(self, markup: str, meaning: str = "") -> None:
        """Print text to copy without line breaks, with its meaning behind it, or before it if the
        line would be too long.
        """
        text = Text.from_markup(markup)
        if meaning and text.cell_len + len(meaning) + 3 > self._console.width:
            self._console.print(f"[dim]{meaning}:[/dim]", highlight=False)
            meaning = ""
        suffix = f"   [dim]{meaning}[/dim]" if meaning else ""
        self._console.print(f"{markup}{suffix}", highlight=False, soft_wrap=True)


def _next_steps(sandbox: bool) -> list[tuple[str, str]]:
    if not sandbox:
        return [
            ("superuser you@example.com", "the first user, who adds the others"),
            ("apply providers.yaml", "your providers, see examples/"),
        ]
    return [
        ('say +5581988887777 "oi"', "write as a customer"),
        ("demo", "whom else to play, and who signs in"),
        ("conversations", "then: show, assign, give-back"),
        ("simulate --customers 200 --minutes 2", "load, then an audit"),
    ]
