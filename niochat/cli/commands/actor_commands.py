"""``niochat actors``: lists hosts and virtual actors, and acts on them."""

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
"""Characters of the longest kind, a colon and a key (UUID)."""
_Body = Mapping[str, object]

HostOption = Annotated[str | None, typer.Option(help="Only actors of this host.")]
KindOption = Annotated[str | None, typer.Option(help="conversation, tenant or team_queue.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
TenantOption = Annotated[
    str | None, typer.Option(help="The tenant (slug), if two tenants have the same protocol.")
]
TeamOption = Annotated[str | None, typer.Option(help="With --hand-over: the team.")]
TargetArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="ACTOR",
        help="An actor as kind:key, or the protocol or id of a conversation.",
    ),
]


def manage_actors(
    actor_key: TargetArgument = None,
    host: HostOption = None,
    kind: KindOption = None,
    after: Annotated[str | None, typer.Option(help="The cursor of the next page.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Actors on a page.")] = 50,
    busiest: Annotated[bool, typer.Option(help="Fullest mailbox first.")] = False,
    deactivate: Annotated[bool, typer.Option(help="Remove the actor from memory.")] = False,
    pause: Annotated[
        float | None, typer.Option(min=1, help="Pause the conversation for this many seconds.")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Resume the conversation.")] = False,
    hand_over: Annotated[bool, typer.Option(help="Hand off the conversation to people.")] = False,
    team: TeamOption = None,
    tenant: TenantOption = None,
    drain: Annotated[str | None, typer.Option(help="Move the shards of this host away.")] = None,
    undrain: Annotated[str | None, typer.Option(help="Give this host shards again.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List hosts and virtual actors, show one actor, or act on an actor or a host."""
    options = {
        "drain": drain,
        "undrain": undrain,
        "hand-over": hand_over,
        "deactivate": deactivate,
        "pause": pause,
        "resume": resume,
    }
    actions = [name for name, value in options.items() if value]
    if len(actions) > 1:
        raise typer.BadParameter("one action at a time")
    client = OperatorClient()
    if actions:
        target = drain or undrain or actor_key
        body: _Body = {"seconds": pause} if pause else {"team": team} if team else {}
        _print_result(_run_action(client, actions[0], target, body, tenant), as_json)
    elif actor_key is not None:
        print_json(_inspect(client, actor_key, tenant))
    else:
        order = "mailbox" if busiest else None
        query = {"host": host, "kind": kind, "cursor": after, "limit": limit, "order": order}
        _print_overview(client, query, as_json)


def _run_action(
    client: OperatorClient, action: str, target: str | None, body: _Body, tenant: str | None
) -> dict[str, Any]:
    name = _require_target(target)
    match action:
        case "drain" | "undrain":
            result = client.post(f"/hosts/{quote_path_segment(name)}/{action}")
        case "hand-over":
            result = client.post(
                f"/conversations/{quote_path_segment(name)}/handoff", body, tenant=tenant
            )
        case _:
            result = client.post(f"{_actor_path(client, name, tenant)}/{action}", body)
    return dict(result)


def _require_target(target: str | None) -> str:
    if target is None:
        raise typer.BadParameter("name an actor as kind:key, or a conversation by protocol or id")
    return target


def _inspect(client: OperatorClient, target: str, tenant: str | None) -> Any:
    if ":" in target:
        return client.get(_actor_path(client, target, tenant))
    return client.get(f"/conversations/{quote_path_segment(target)}", tenant=tenant)


def _actor_path(client: OperatorClient, target: str, tenant: str | None) -> str:
    """Return the path of an actor. A conversation is looked up by its protocol or id first."""
    kind, colon, key = target.partition(":")
    if not colon:
        conversation = client.get(f"/conversations/{quote_path_segment(kind)}", tenant=tenant)
        kind, key = _CONVERSATION, conversation["thread_id"]
    return f"/actors/{quote_path_segment(kind)}/{quote_path_segment(key)}"


def _print_result(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    _console.print("  ".join(f"{name}: {escape(str(value))}" for name, value in result.items()))


def _print_overview(client: OperatorClient, query: dict[str, Any], as_json: bool) -> None:
    hosts = client.get("/hosts")["hosts"]
    page = client.get("/actors", **query)
    if as_json:
        print_json({"hosts": hosts, **page})
        return
    _console.print(_hosts_table(hosts))
    _console.print(_actors_table(page["items"]))
    for host in page["silent_hosts"]:
        _console.print(f"[red]{host} did not answer: its actors are missing.[/red]")
    if page["next_cursor"]:
        _console.print(f"Next page: --after {page['next_cursor']}", highlight=False, soft_wrap=True)


def _table(first_column: str, *columns: str) -> Table:
    """The first column is never shortened: users copy names from it."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    min_width = ADDRESS_WIDTH if first_column == "actor" else None
    table.add_column(first_column, no_wrap=True, min_width=min_width)
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _hosts_table(rows: list[dict[str, Any]]) -> Table:
    table = _table(
        "host", "state", "shards", "mailbox", "lag ms", "turns", "sends", "pid", "node", "actors"
    )
    for row in rows:
        metrics = row["metrics"] or {}
        kinds = " ".join(f"{kind} {count}" for kind, count in metrics.get("by_kind", {}).items())
        table.add_row(
            row["incarnation"],
            _host_state(row),
            str(row["shards"]),
            str(metrics.get("mailbox_depth", "")),
            f"{metrics['lag_ms']:.0f}" if metrics else "",
            str(metrics.get("turns", "")),
            str(metrics.get("sends", "")),
            str(row["pid"]),
            row["node"][:8],
            kinds,
        )
    return table


def _host_state(row: dict[str, Any]) -> str:
    if not row["alive"]:
        return f"gone for {row['seen_s']:.0f} s"
    if row["metrics"] is None:
        return "silent"
    return "draining" if row["draining"] else "alive"


def _actors_table(rows: list[dict[str, Any]]) -> Table:
    """``mail/in/out``: messages in the mailbox, pending inbox rows, unsettled sends."""
    table = _table("actor", "host", "state", "mail/in/out", "age s", "idle s", "timers", "error")
    for row in rows:
        counts = (row[name] for name in ("mailbox", "inbox", "outbox"))
        backlog = "/".join("-" if count is None else str(count) for count in counts)
        timers = " ".join(timer["name"] for timer in row["timers"] or ())
        error = f"{row['error']} {row['error_at'][11:19]}" if row["error"] else ""
        table.add_row(
            f"{row['kind']}:{row['key']}",
            row["host"].partition(".")[0],
            row["status"],
            backlog,
            f"{row['age_s']:.0f}",
            f"{row['idle_s']:.0f}",
            timers,
            error,
        )
    return table
