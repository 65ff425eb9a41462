"""The tables of ``docs/benchmarks.md``, built from the results of the benchmarks."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from niochat.domain.errors import InvalidInputError
from niochat_lab.bench.bench_report import REQUEST_COLUMNS
from niochat_lab.bench.measurement.process_usage import SOCKET_GROUP
from niochat_lab.bench.result_plots import read_results

_FIGURES_MARKER = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_MIN_SHOWN_MS = 0.02
_HEAD = (
    ("rate", "a second"),
    ("p50_ms", "p50 ms"),
    ("p99_ms", "p99 ms"),
    ("ratio_to_limit", "ratio"),
    ("cpu_ms_per_unit", "CPU ms a unit"),
    ("pss_mb", "PSS MB"),
    ("statements_per_unit", "statements"),
    ("commits_per_unit", "commits"),
)


def update_tables(document: Path, folder: Path) -> list[str]:
    """Replace the text between ``<!-- figures: NAME -->`` and ``<!-- end -->``; return the updated
    names.

    A table whose benchmark has no result stays unchanged. Raises ``InvalidInputError``.
    """
    results = read_results(folder)
    text = document.read_text("utf-8")
    names = [match[1] for match in _FIGURES_MARKER.findall(text)]
    if not names:
        raise InvalidInputError(f"{document} has no marker for a table")
    tables = {"machine": _describe_machine(results)}
    for name, each in results.items():
        tables[name] = _render_table(each) + _render_picture_link(document, folder / f"{name}.svg")

    def filled(match: re.Match[str]) -> str:
        table = tables.get(match[2])
        return match[0] if table is None else f"{match[1]}{table}{match[3]}"

    document.write_text(_FIGURES_MARKER.sub(filled, text), "utf-8")
    return [name for name in names if name in tables]


def _render_table(result: Mapping[str, Any]) -> str:
    shown = [(title, result[name]) for name, title in _HEAD if result.get(name) is not None]
    lines = [_render_row([title for title, _ in shown]), _render_row(["---"] * len(shown))]
    lines.append(_render_row([f"{value:g}" for _, value in shown]))
    rows = "\n".join(lines) + "\n"
    goals = "".join(
        f"- {'met' if met else '**missed**'}: {goal}\n" for goal, met in result["goals"].items()
    )
    return f"\n{rows}\n{goals}\n{_render_groups(result)}{_render_extra_figures(result)}"


def _render_groups(result: Mapping[str, Any]) -> str:
    """Render the process groups, without those that used hardly any CPU."""
    rows = [
        [group, used["cpu_ms_per_unit"], used["pss_mb_peak"], used.get("processes", "")]
        for group, used in (result.get("groups") or {}).items()
        if used["cpu_ms_per_unit"] >= _MIN_SHOWN_MS
    ]
    head = ["processes of", f"CPU ms a {result['unit']}", "peak PSS MB", "how many"]
    return _render_rows(head, rows) if rows else ""


def _render_picture_link(document: Path, file: Path) -> str:
    if not file.exists():
        return ""
    return f"![{file.stem}]({file.absolute().relative_to(document.absolute().parent)})\n\n"


def _render_requests(result: Mapping[str, Any]) -> str:
    rows = [[each[key] for key in REQUEST_COLUMNS] for each in result["requests"]]
    cost = result["projector"]
    names = ("events", "events_per_s", "cpu_ms_per_event", "desk_ms_per_event")
    shown = [*names, "postgres_ms_per_event"]
    heads = ["events read", "a second", "CPU ms an event", "of `desk`", "of PostgreSQL"]
    return _render_rows([name.replace("_", " ") for name in REQUEST_COLUMNS], rows) + _render_rows(
        heads, [[cost[name] for name in shown]]
    )


def _render_extra_figures(result: Mapping[str, Any]) -> str:
    """Render sizes, sockets, imports or steps, if the result has them."""
    if "requests" in result:
        return _render_requests(result)
    if "back" in result:
        return _render_sockets(result)
    if "loaded" in result:
        return _render_imports(result)
    if "steps" in result:
        return _render_start_steps(result)
    sizes = result.get("sizes")
    if not sizes:
        return ""
    if "actors" in sizes[0]:
        rows = [
            [
                f"{each['actors']:,}",
                each["kb_each"],
                each["steps_per_s"],
                each["cpu_ms_each"]["hosts"],
                each["cpu_ms_each"]["postgres"],
            ]
            for each in sizes
        ]
        head = ["active", "KB each", "steps a second", "CPU ms of the host", "of PostgreSQL"]
        return _render_rows(head, rows)
    rows = [
        [
            f"{size['messages']:,}",
            name,
            size[name]["rate"],
            size[name]["ratio_to_empty"],
            size[name]["cpu_ms_per_unit"],
        ]
        for size in sizes
        for name in ("ingest", "path")
    ]
    return _render_rows(["messages", "bench", "a second", "of empty", "CPU ms a unit"], rows)


def _render_imports(result: Mapping[str, Any]) -> str:
    """Render the imports of each process."""
    rows = [
        [name, each["mb"], each["ms"], each["modules"]] for name, each in result["loaded"].items()
    ]
    return _render_rows(["imported by", "MB", "ms of CPU", "modules"], rows)


def _render_start_steps(result: Mapping[str, Any]) -> str:
    """Render the steps of a start."""
    first = {each["step"]: each["seconds"] for each in result["first_steps"]}
    rows = [
        [each["step"], each["seconds"], first.pop(each["step"], "")] for each in result["steps"]
    ]
    rows += [[name, "", seconds] for name, seconds in first.items()]
    total = ["**all**", result["warm_s"], result["first_s"]]
    return _render_rows(["step", "warm, s", "new home, s"], [*rows, total])


def _render_sockets(result: Mapping[str, Any]) -> str:
    """Render the frames that were received, and the reconnection."""
    back = result["back"]
    received = [
        ("sockets", f"{result['sockets']:,}"),
        ("events a second", result["events_per_s"]),
        ("longest ms", result["max_ms"]),
        ("frames", f"{result['frames']:,}"),
        ("lost", result["lost"]),
        ("twice", result["twice"]),
        ("out of order", result["out_of_order"]),
        ("KB a socket", result["live_kb_per_socket"]),
        ("cores of `screens`", result["screens_cores"]),
    ]
    reconnected = [
        ("all back, seconds", back["caught_up_within_s"]),
        ("half", back["half_within_s"]),
        ("failed attempts", back["failed"]),
        ("refetched", back["refetching"]),
        ("CPU ms of `desk` a socket", back["groups"].get(SOCKET_GROUP, {}).get("cpu_ms_per_unit")),
        ("cores of `screens`", back["screens_cores"]),
        ("first opening, seconds", result["opened"]["welcomed_within_s"]),
    ]
    return "".join(
        _render_rows([title for title, _ in cells], [[value for _, value in cells]])
        for cells in (received, reconnected)
    )


def _describe_machine(results: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [name, each["machine"].get("load_before"), _describe_foreign_load(each)]
        for name, each in results.items()
    ]
    machine = next(iter(results.values()))["machine"]
    lines = "\n".join(
        f"- {name.replace('_', ' ')}: {value}"
        for name, value in machine.items()
        if name != "load_before"
    )
    return f"\n{lines}\n\n{_render_rows(['bench', 'load before', 'foreign cores'], rows)}"


def _describe_foreign_load(result: Mapping[str, Any]) -> object:
    for name in ("saturated", "beside", "during"):
        if name in result:
            return result[name]["foreign_cores"]
    return ""


def _render_rows(head: list[str], rows: list[list[Any]]) -> str:
    lines = [
        _render_row(head),
        _render_row(["---"] * len(head)),
        *(_render_row(row) for row in rows),
    ]
    return "\n".join(lines) + "\n\n"


def _render_row(cells: list[Any]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"
