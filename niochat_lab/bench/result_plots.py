"""Plots of benchmark results: one SVG for each result."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from niochat.domain.errors import InvalidInputError

BenchResult = Mapping[str, Any]
_PRODUCT_COLOUR, _LIMIT_COLOUR, _TARGET_COLOUR = "#1f6feb", "#8b949e", "#d1242f"
_WIDTH, _HEIGHT = 7.2, 3.4
_GROUPS = 8
"""The number of process groups that are drawn; the others are summed up."""


def read_results(folder: Path) -> dict[str, BenchResult]:
    """The results in ``folder`` by the name of their benchmark. Raises ``InvalidInputError``."""
    found: dict[str, BenchResult] = {}
    for file in sorted(folder.glob("*.json")):
        try:
            result = json.loads(file.read_text("utf-8"))
            found[str(result["name"])] = result
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInputError(f"{file} is not a benchmark result: {error!r}") from error
    if not found:
        raise InvalidInputError(
            f"{folder} has no result: run niochat bench NAME --out {folder}/NAME.json"
        )
    return found


def draw_plots(folder: Path) -> list[Path]:
    """Draw an SVG for each result of ``folder`` that has a plot; return the files."""
    files: list[Path] = []
    for name, result in read_results(folder).items():
        draw = _DRAWING_FUNCTIONS.get(name)
        if draw is not None:
            files.append(_draw_result(folder / f"{name}.svg", result, draw))
    return files


def _draw_result(file: Path, result: BenchResult, draw: Callable[[Any, BenchResult], None]) -> Path:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InvalidInputError(
            "matplotlib is not installed: scripts/setup requirements-dev.lock"
        ) from None
    figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
    draw(figure, result)
    # With fixed ids and without a date, the same result always gives the same file.
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file


def _draw_rates_and_cpu(figure: Any, result: BenchResult) -> None:
    """Left: product and baseline by round. Right: the CPU per unit by group."""
    left, right = figure.subplots(1, 2)
    saturated, limit = result["saturated"]["rates"], result["limit"]["rates"]
    left.plot(range(1, len(saturated) + 1), saturated, "o-", color=_PRODUCT_COLOUR, label="product")
    left.plot(range(1, len(limit) + 1), limit, "s--", color=_LIMIT_COLOUR, label="limit")
    left.axhline(
        sum(limit) / len(limit) / 2, color=_TARGET_COLOUR, lw=0.8, label="half of the limit"
    )
    left.set(title=f"{result['name']}: {result['unit']}s a second", xlabel="round", ylim=(0, None))
    left.legend(fontsize=7)
    _draw_groups(right, result)


def _draw_groups(axes: Any, result: BenchResult) -> None:
    costs = {
        group: float(each["cpu_ms_per_unit"])
        for group, each in result["groups"].items()
        if group not in ("crowd", "screens", "plain", "limit")
    }
    dearest = sorted(costs, key=lambda group: -costs[group])
    shown = dearest[:_GROUPS]
    values = [costs[group] for group in shown]
    if len(dearest) > _GROUPS:
        shown.append("others")
        values.append(sum(costs[group] for group in dearest[_GROUPS:]))
    axes.barh(shown[::-1], values[::-1], color=_PRODUCT_COLOUR)
    axes.set(title=f"CPU ms a {result['unit']}")
    axes.tick_params(labelsize=7)


def _draw_actors(figure: Any, result: BenchResult) -> None:
    left, right = figure.subplots(1, 2)
    sizes = result["sizes"]
    counts = [each["actors"] for each in sizes]
    left.plot(
        counts, [each["kb_each"] for each in sizes], "o-", color=_PRODUCT_COLOUR, label="host"
    )
    left.axhline(result["limit"]["kb_each"], color=_LIMIT_COLOUR, ls="--", label="dict")
    left.axhline(8, color=_TARGET_COLOUR, lw=0.8, label="goal")
    left.set(title="KB each", xscale="log", xlabel="active conversations", ylim=(0, None))
    left.legend(fontsize=7)
    right.plot(counts, [each["steps_per_s"] for each in sizes], "o-", color=_PRODUCT_COLOUR)
    right.set(title="steps a second", xscale="log", xlabel="active conversations", ylim=(0, None))


def _draw_fairness(figure: Any, result: BenchResult) -> None:
    axes = figure.subplots()
    names = ("p50_ms", "p95_ms", "p99_ms")
    positions = range(len(names))
    axes.bar(
        [at - 0.2 for at in positions],
        [result["limit"][n] for n in names],
        0.4,
        color=_LIMIT_COLOUR,
        label="alone",
    )
    axes.bar(
        [at + 0.2 for at in positions],
        [result[n] for n in names],
        0.4,
        color=_PRODUCT_COLOUR,
        label="beside a loud one",
    )
    axes.set_xticks(list(positions), [name.removesuffix("_ms") for name in names])
    axes.set(title="quiet providers: ms from webhook to answer")
    axes.legend(fontsize=7)


def _draw_growth(figure: Any, result: BenchResult) -> None:
    axes = figure.subplots()
    sizes: Sequence[BenchResult] = result["sizes"]
    names = [f"{each['messages']:,}" for each in sizes]
    for bench, colour in (("ingest", _PRODUCT_COLOUR), ("path", "#8250df")):
        ratios = [each[bench]["ratio_to_empty"] for each in sizes]
        axes.plot(names, ratios, "o-", color=colour, label=bench)
    axes.axhline(0.9, color=_TARGET_COLOUR, lw=0.8, label="goal")
    axes.set(title="of the empty database", xlabel="messages stored", ylim=(0, None))
    axes.legend(fontsize=7)


def _draw_live(figure: Any, result: BenchResult) -> None:
    left, right = figure.subplots(1, 2)
    spread = result["spread_ms"]
    step = 100 / len(spread)
    left.plot([step * number for number in range(len(spread))], spread, "o-", color=_PRODUCT_COLOUR)
    left.axhline(150, color=_TARGET_COLOUR, lw=0.8, label="goal of p99")
    left.set(title="ms from commit to socket", xlabel="% of frames", ylim=(0, None))
    left.legend(fontsize=7)
    _draw_groups(right, result)


def _draw_startup(figure: Any, result: BenchResult) -> None:
    """One bar per step, which starts where the one before ends."""
    axes = figure.subplots()
    began = 0.0
    for position, each in enumerate(result["steps"]):
        axes.barh(-position, each["seconds"], left=began, color=_PRODUCT_COLOUR)
        axes.text(
            began + each["seconds"] + 0.2,
            -position,
            f"{each['seconds']:.1f} s",
            va="center",
            fontsize=7,
        )
        began += each["seconds"]
    names = [each["step"] for each in result["steps"]]
    axes.set_yticks([-position for position in range(len(names))], names, fontsize=7)
    axes.axvline(25, color=_TARGET_COLOUR, lw=0.8)
    axes.set(title="a warm start, seconds", xlim=(0, max(began * 1.1, 27)))


def _draw_idle(figure: Any, result: BenchResult) -> None:
    axes = figure.subplots()
    costs = {
        group: each["cpu_ms_per_unit"] / 10
        for group, each in result["groups"].items()
        if group not in ("crowd", "screens", "plain", "limit")
    }
    shown = sorted(costs, key=lambda group: costs[group])[-_GROUPS - 4 :]
    axes.barh(shown, [costs[group] for group in shown], color=_PRODUCT_COLOUR)
    axes.set(title="idle: % of a core")
    axes.tick_params(labelsize=7)


_DRAWING_FUNCTIONS: dict[str, Callable[[Any, BenchResult], None]] = {
    "ingest": _draw_rates_and_cpu,
    "path": _draw_rates_and_cpu,
    "actors": _draw_actors,
    "fair": _draw_fairness,
    "growth": _draw_growth,
    "live": _draw_live,
    "start": _draw_startup,
    "idle": _draw_idle,
}
