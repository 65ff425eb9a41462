"""``niochat actors``: hosts and virtual actors, and a few ways to act on them."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from niochat.cli.operating import Operators, part
from niochat.cli.output import print_json

_console = Console()
_CONVERSATION = "conversation"
FULL_ADDRESS = len(_CONVERSATION) + 1 + 36
"""Characters of the longest kind, a colon and a key."""
_Body = Mapping[str, object]

Host = Annotated[str | None, typer.Option(help="Only of this host.")]
Kind = Annotated[str | None, typer.Option(help="conversation, tenant or team_queue.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
Tenant = Annotated[str | None, typer.Option(help="Slug, where two tenants have the protocol.")]
Team = Annotated[str | None, typer.Option(help="With --hand-over: which team.")]
Wanted = Annotated[
    str | None, typer.Argument(help="One actor, as kind:key, or a conversation's protocol or id.")
]


def actors(
    wanted: Wanted = None,
    host: Host = None,
    kind: Kind = None,
    after: Annotated[str | None, typer.Option(help="The page after this actor.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Actors of one page.")] = 50,
    busiest: Annotated[bool, typer.Option(help="Most messages first.")] = False,
    deactivate: Annotated[bool, typer.Option(help="It leaves memory.")] = False,
    pause: Annotated[
        float | None, typer.Option(min=1, help="No steps for so many seconds.")
    ] = None,
    resume: Annotated[bool, typer.Option(help="It goes on.")] = False,
    hand_over: Annotated[bool, typer.Option(help="The conversation goes to people.")] = False,
    team: Team = None,
    tenant: Tenant = None,
    drain: Annotated[str | None, typer.Option(help="This host's shards move away.")] = None,
    undrain: Annotated[str | None, typer.Option(help="This host gets its shards back.")] = None,
    as_json: Json = False,
) -> None:
    """Hosts and virtual actors; with one of them or an action, that one."""
    chosen = {
        "drain": drain, "undrain": undrain, "hand-over": hand_over, "deactivate": deactivate,
        "pause": pause, "resume": resume,
    }  # fmt: skip
    actions = [name for name, value in chosen.items() if value]
    if len(actions) > 1:
        raise typer.BadParameter("one action at a time")
    operators = Operators()
    if actions:
        target = drain or undrain or wanted
        body: _Body = {"seconds": pause} if pause else {"team": team} if team else {}
        _print(_act(operators, actions[0], target, body, tenant), as_json)
    elif wanted is not None:
        print_json(_look(operators, wanted, tenant))
    else:
        order = "mailbox" if busiest else None
        page = {"host": host, "kind": kind, "after": after, "limit": limit, "order": order}
        _overview(operators, page, as_json)


def _act(
    operators: Operators, action: str, target: str | None, body: _Body, tenant: str | None
) -> dict[str, Any]:
    named = _named(target)
    match action:
        case "drain" | "undrain":
            told = operators.post(f"/hosts/{part(named)}/{action}")
        case "hand-over":
            told = operators.post(f"/conversations/{part(named)}/handoff", body, tenant=tenant)
        case _:
            told = operators.post(f"{_path(operators, named, tenant)}/{action}", body)
    return dict(told)


def _named(wanted: str | None) -> str:
    if wanted is None:
        raise typer.BadParameter("which one? kind:key, or a conversation's protocol or id")
    return wanted


def _look(operators: Operators, wanted: str, tenant: str | None) -> Any:
    if ":" in wanted:
        return operators.get(_path(operators, wanted, tenant))
    return operators.get(f"/conversations/{part(wanted)}", tenant=tenant)


def _path(operators: Operators, wanted: str, tenant: str | None) -> str:
    """An actor's path; a conversation is found by its protocol or id first."""
    kind, colon, key = wanted.partition(":")
    if not colon:
        found = operators.get(f"/conversations/{part(kind)}", tenant=tenant)
        kind, key = _CONVERSATION, found["thread_id"]
    return f"/actors/{part(kind)}/{part(key)}"


def _print(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    _console.print("  ".join(f"{name}: {escape(str(value))}" for name, value in told.items()))


def _overview(operators: Operators, page: dict[str, Any], as_json: bool) -> None:
    hosts = operators.get("/hosts")["hosts"]
    found = operators.get("/actors", **page)
    if as_json:
        print_json({"hosts": hosts, **found})
        return
    _console.print(_hosts(hosts))
    _console.print(_actors(found["actors"]))
    for silent in found["silent"]:
        _console.print(f"[red]{silent} did not answer: its actors are missing.[/red]")
    if "next" in found:
        _console.print(f"More: --after {found['next']}", highlight=False)


def _table(first: str, *columns: str) -> Table:
    """What is named in the first column is copied from there: it stays whole."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(first, no_wrap=True, min_width=FULL_ADDRESS if first == "actor" else None)
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _hosts(rows: list[dict[str, Any]]) -> Table:
    table = _table("host", "state", "shards", "mailbox", "lag ms", "turns", "sends", "pid", "node",
                   "actors")  # fmt: skip
    for row in rows:
        own = row["figures"] or {}
        kinds = " ".join(f"{kind} {count}" for kind, count in own.get("by_kind", {}).items())
        table.add_row(
            row["incarnation"], _state(row), str(row["shards"]), str(own.get("mailbox_depth", "")),
            f"{own['lag_ms']:.0f}" if own else "", str(own.get("turns", "")),
            str(own.get("sends", "")), str(row["pid"]), row["node"][:8], kinds,
        )  # fmt: skip
    return table


def _state(row: dict[str, Any]) -> str:
    if not row["alive"]:
        return f"gone for {row['seen_s']:.0f} s"
    if row["figures"] is None:
        return "silent"
    return "draining" if row["draining"] else "alive"


def _actors(rows: list[dict[str, Any]]) -> Table:
    """``mail/in/out``: messages in memory, inbox rows, sends."""
    table = _table("actor", "host", "state", "mail/in/out", "age s", "idle s", "timers", "error")
    for row in rows:
        waiting = "/".join(str(row.get(name, "-")) for name in ("mailbox", "inbox", "outbox"))
        timers = " ".join(timer["name"] for timer in row.get("timers") or ())
        error = f"{row['error']} {row['error_at'][11:19]}" if row["error"] else ""
        table.add_row(
            f"{row['kind']}:{row['key']}", row["host"].partition(".")[0], row["status"], waiting,
            f"{row['age_s']:.0f}", f"{row['idle_s']:.0f}", timers, error,
        )  # fmt: skip
    return table
