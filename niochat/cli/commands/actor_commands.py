"""``niochat actors``: hosts and virtual actors, and a few ways to act on them."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from niochat.cli.json_output import print_json
from niochat.cli.operator_client import OperatorClient, quote_path_segment

_console = Console()
_CONVERSATION = "conversation"
ADDRESS_WIDTH = len(_CONVERSATION) + 1 + 36
"""Characters of the longest kind, a colon and a key."""
_Body = Mapping[str, object]

HostOption = Annotated[str | None, typer.Option(help="Only of this host.")]
KindOption = Annotated[str | None, typer.Option(help="conversation, tenant or team_queue.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
TenantOption = Annotated[
    str | None, typer.Option(help="Slug, where two tenants have the protocol.")
]
TeamOption = Annotated[str | None, typer.Option(help="With --hand-over: which team.")]
TargetArgument = Annotated[
    str | None, typer.Argument(help="One actor, as kind:key, or a conversation's protocol or id.")
]


def manage_actors(
    actor_key: TargetArgument = None,
    host: HostOption = None,
    kind: KindOption = None,
    after: Annotated[str | None, typer.Option(help="The page after this actor.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Actors of one page.")] = 50,
    busiest: Annotated[bool, typer.Option(help="Most messages first.")] = False,
    deactivate: Annotated[bool, typer.Option(help="It leaves memory.")] = False,
    pause: Annotated[
        float | None, typer.Option(min=1, help="No steps for so many seconds.")
    ] = None,
    resume: Annotated[bool, typer.Option(help="It goes on.")] = False,
    hand_over: Annotated[bool, typer.Option(help="The conversation goes to people.")] = False,
    team: TeamOption = None,
    tenant: TenantOption = None,
    drain: Annotated[str | None, typer.Option(help="This host's shards move away.")] = None,
    undrain: Annotated[str | None, typer.Option(help="This host gets its shards back.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Hosts and virtual actors; with one of them or an action, that one."""
    chosen = {
        "drain": drain,
        "undrain": undrain,
        "hand-over": hand_over,
        "deactivate": deactivate,
        "pause": pause,
        "resume": resume,
    }
    actions = [name for name, value in chosen.items() if value]
    if len(actions) > 1:
        raise typer.BadParameter("one action at a time")
    operators = OperatorClient()
    if actions:
        target = drain or undrain or actor_key
        body: _Body = {"seconds": pause} if pause else {"team": team} if team else {}
        _print_result(_run_action(operators, actions[0], target, body, tenant), as_json)
    elif actor_key is not None:
        print_json(_inspect(operators, actor_key, tenant))
    else:
        order = "mailbox" if busiest else None
        page = {"host": host, "kind": kind, "after": after, "limit": limit, "order": order}
        _print_overview(operators, page, as_json)


def _run_action(
    operators: OperatorClient, action: str, target: str | None, body: _Body, tenant: str | None
) -> dict[str, Any]:
    named = _require_target(target)
    match action:
        case "drain" | "undrain":
            told = operators.post(f"/hosts/{quote_path_segment(named)}/{action}")
        case "hand-over":
            told = operators.post(
                f"/conversations/{quote_path_segment(named)}/handoff", body, tenant=tenant
            )
        case _:
            told = operators.post(f"{_actor_path(operators, named, tenant)}/{action}", body)
    return dict(told)


def _require_target(wanted: str | None) -> str:
    if wanted is None:
        raise typer.BadParameter("which one? kind:key, or a conversation's protocol or id")
    return wanted


def _inspect(operators: OperatorClient, wanted: str, tenant: str | None) -> Any:
    if ":" in wanted:
        return operators.get(_actor_path(operators, wanted, tenant))
    return operators.get(f"/conversations/{quote_path_segment(wanted)}", tenant=tenant)


def _actor_path(operators: OperatorClient, wanted: str, tenant: str | None) -> str:
    """An actor's path; a conversation is found by its protocol or id first."""
    kind, colon, key = wanted.partition(":")
    if not colon:
        found = operators.get(f"/conversations/{quote_path_segment(kind)}", tenant=tenant)
        kind, key = _CONVERSATION, found["thread_id"]
    return f"/actors/{quote_path_segment(kind)}/{quote_path_segment(key)}"


def _print_result(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    _console.print("  ".join(f"{name}: {escape(str(value))}" for name, value in told.items()))


def _print_overview(operators: OperatorClient, page: dict[str, Any], as_json: bool) -> None:
    hosts = operators.get("/hosts")["hosts"]
    found = operators.get("/actors", **page)
    if as_json:
        print_json({"hosts": hosts, **found})
        return
    _console.print(_hosts_table(hosts))
    _console.print(_actors_table(found["actors"]))
    for silent in found["silent"]:
        _console.print(f"[red]{silent} did not answer: its actors are missing.[/red]")
    if "next" in found:
        _console.print(f"More: --after {found['next']}", highlight=False)


def _table(first: str, *columns: str) -> Table:
    """What is named in the first column is copied from there: it stays whole."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(first, no_wrap=True, min_width=ADDRESS_WIDTH if first == "actor" else None)
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _hosts_table(rows: list[dict[str, Any]]) -> Table:
    table = _table(
        "host", "state", "shards", "mailbox", "lag ms", "turns", "sends", "pid", "node", "actors"
    )
    for row in rows:
        own = row["figures"] or {}
        kinds = " ".join(f"{kind} {count}" for kind, count in own.get("by_kind", {}).items())
        table.add_row(
            row["incarnation"],
            _host_state(row),
            str(row["shards"]),
            str(own.get("mailbox_depth", "")),
            f"{own['lag_ms']:.0f}" if own else "",
            str(own.get("turns", "")),
            str(own.get("sends", "")),
            str(row["pid"]),
            row["node"][:8],
            kinds,
        )
    return table


def _host_state(row: dict[str, Any]) -> str:
    if not row["alive"]:
        return f"gone for {row['seen_s']:.0f} s"
    if row["figures"] is None:
        return "silent"
    return "draining" if row["draining"] else "alive"


def _actors_table(rows: list[dict[str, Any]]) -> Table:
    """``mail/in/out``: messages in memory, inbox rows, sends."""
    table = _table("actor", "host", "state", "mail/in/out", "age s", "idle s", "timers", "error")
    for row in rows:
        waiting = "/".join(str(row.get(name, "-")) for name in ("mailbox", "inbox", "outbox"))
        timers = " ".join(timer["name"] for timer in row.get("timers") or ())
        error = f"{row['error']} {row['error_at'][11:19]}" if row["error"] else ""
        table.add_row(
            f"{row['kind']}:{row['key']}",
            row["host"].partition(".")[0],
            row["status"],
            waiting,
            f"{row['age_s']:.0f}",
            f"{row['idle_s']:.0f}",
            timers,
            error,
        )
    return table
