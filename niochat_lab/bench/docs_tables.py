"""The tables of `docs/benchmarks.md`, made from what the benches wrote."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from niochat.domain.errors import InvalidInputError
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


def update_tables(document: Path, results: Path) -> list[str]:
    """Replace what stands between `<!-- figures: NAME -->` and `<!-- end -->`; names filled in.

    A place whose bench was not run stays as it is. Raises `InvalidInputError`.
    """
    found = read_results(results)
    text = document.read_text("utf-8")
    named = [match[1] for match in _FIGURES_MARKER.findall(text)]
    if not named:
        raise InvalidInputError(f"{document} has no place for figures")
    known = {"machine": _describe_machine(found)}
    for name, each in found.items():
        known[name] = _render_table(each) + _render_picture_link(document, results / f"{name}.svg")

    def filled(match: re.Match[str]) -> str:
        table = known.get(match[2])
        return match[0] if table is None else f"{match[1]}{table}{match[3]}"

    document.write_text(_FIGURES_MARKER.sub(filled, text), "utf-8")
    return [name for name in named if name in known]


def _render_table(found: Mapping[str, Any]) -> str:
    shown = [(title, found[name]) for name, title in _HEAD if found.get(name) is not None]
    lines = [_render_row([title for title, _ in shown]), _render_row(["---"] * len(shown))]
    lines.append(_render_row([f"{value:g}" for _, value in shown]))
    rows = "\n".join(lines) + "\n"
    goals = "".join(
        f"- {'met' if met else '**missed**'}: {goal}\n" for goal, met in found["goals"].items()
    )
    return f"\n{rows}\n{goals}\n{_render_groups(found)}{_render_extra_figures(found)}"


def _render_groups(found: Mapping[str, Any]) -> str:
    """Who used the CPU, without those that hardly did."""
    rows = [
        [group, used["cpu_ms_per_unit"], used["pss_mb_peak"], used.get("processes", "")]
        for group, used in (found.get("groups") or {}).items()
        if used["cpu_ms_per_unit"] >= _MIN_SHOWN_MS
    ]
    head = ["processes of", f"CPU ms a {found['unit']}", "peak PSS MB", "how many"]
    return _render_rows(head, rows) if rows else ""


def _render_picture_link(document: Path, file: Path) -> str:
    if not file.exists():
        return ""
    return f"![{file.stem}]({file.absolute().relative_to(document.absolute().parent)})\n\n"


def _render_extra_figures(found: Mapping[str, Any]) -> str:
    """Sizes or sockets, where the bench has some."""
    if "back" in found:
        return _render_sockets(found)
    if "loaded" in found:
        return _render_imports(found)
    if "steps" in found:
        return _render_start_steps(found)
    sizes = found.get("sizes")
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


def _render_imports(found: Mapping[str, Any]) -> str:
    """What each process imports."""
    rows = [
        [name, each["mb"], each["ms"], each["modules"]] for name, each in found["loaded"].items()
    ]
    return _render_rows(["imported by", "MB", "ms of CPU", "modules"], rows)


def _render_start_steps(found: Mapping[str, Any]) -> str:
    """Where the seconds of a start go."""
    first = {each["step"]: each["seconds"] for each in found["first_steps"]}
    rows = [[each["step"], each["seconds"], first.pop(each["step"], "")] for each in found["steps"]]
    rows += [[name, "", seconds] for name, seconds in first.items()]
    whole = ["**all**", found["warm_s"], found["first_s"]]
    return _render_rows(["step", "warm, s", "new home, s"], [*rows, whole])


def _render_sockets(found: Mapping[str, Any]) -> str:
    """What was heard, and how all came again."""
    back = found["back"]
    heard = [
        ("sockets", f"{found['sockets']:,}"),
        ("events a second", found["events_per_s"]),
        ("longest ms", found["max_ms"]),
        ("frames", f"{found['frames']:,}"),
        ("lost", found["lost"]),
        ("twice", found["twice"]),
        ("out of order", found["out_of_order"]),
        ("KB a socket", found["live_kb_per_socket"]),
        ("cores of `screens`", found["screens_cores"]),
    ]
    came = [
        ("all back, seconds", back["caught_up_within_s"]),
        ("half", back["half_within_s"]),
        ("failed attempts", back["failed"]),
        ("refetched", back["refetching"]),
        ("CPU ms of `desk` a socket", back["groups"].get(SOCKET_GROUP, {}).get("cpu_ms_per_unit")),
        ("cores of `screens`", back["screens_cores"]),
        ("first opening, seconds", found["opened"]["welcomed_within_s"]),
    ]
    return "".join(
        _render_rows([title for title, _ in cells], [[value for _, value in cells]])
        for cells in (heard, came)
    )


def _describe_machine(found: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [name, each["machine"].get("load_before"), _describe_foreign_load(each)]
        for name, each in found.items()
    ]
    machine = next(iter(found.values()))["machine"]
    told = "\n".join(
        f"- {name.replace('_', ' ')}: {value}"
        for name, value in machine.items()
        if name != "load_before"
    )
    return f"\n{told}\n\n{_render_rows(['bench', 'load before', 'foreign cores'], rows)}"


def _describe_foreign_load(found: Mapping[str, Any]) -> object:
    for name in ("saturated", "beside", "during"):
        if name in found:
            return found[name]["foreign_cores"]
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
