"""Statistics, the meter's sums, what PostgreSQL counted, and the shape of the JSON."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from niochat.domain.errors import InvalidInputError
from niochat.insights.reports.metric_catalog import ReportGrouping
from niochat.insights.reports.report_request import parse_metrics
from niochat.launcher.process_control import STACK_VARIABLE
from niochat_lab.bench.bench_commands import parse_sizes
from niochat_lab.bench.bench_report import BenchReport, render_report
from niochat_lab.bench.docs_tables import update_tables
from niochat_lab.bench.measurement.load_rounds import SideMeasurement, median_ratio
from niochat_lab.bench.measurement.postgres_statistics import (
    DatabaseCost,
    DatabaseCounters,
    StatementStatistics,
)
from niochat_lab.bench.measurement.process_usage import (
    ProcessUsage,
    UsageMeter,
    UsageSnapshot,
    process_group,
)
from niochat_lab.bench.measurement.quantiles import median, quantile
from niochat_lab.bench.result_plots import draw_plots
from niochat_lab.bench.workloads.report_requests import TimedRequest, list_requests


def test_a_quantile_is_an_observed_value() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]

    assert [quantile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1.0, 3.0, 5.0, 5.0]
    assert (median(values), median([1.0, 2.0]), median([]), quantile([], 0.5)) == (3, 1.5, 0, 0)


def test_the_ratio_compares_slices_of_one_round() -> None:
    ours, limit = (
        SideMeasurement(rates=[50.0, 10.0, 60.0]),
        SideMeasurement(rates=[100.0, 20.0, 100.0]),
    )

    assert median_ratio(ours, limit) == 0.5


def test_use_adds_up_and_leaves_the_outside_world_out() -> None:
    use = ProcessUsage()
    use.add_interval(
        UsageSnapshot({"hosts": 1.0}, {}),
        UsageSnapshot({"hosts": 2.0, "crowd": 9.0}, {"hosts": 50.0}),
        60,
    )
    grown = UsageSnapshot({"hosts": 3.0}, {"hosts": 40.0, "crowd": 5}, {"crowd": 2})
    use.add_interval(UsageSnapshot({"hosts": 2.0}, {}), grown, 40)

    assert use.cpu_ms_per_unit() == 20.0
    assert use.total_pss_mb() == 50.0
    assert use.groups()["crowd"] == {
        "cpu_ms_per_unit": 90.0,
        "pss_mb_peak": 5.0,
        "processes": 2,
    }


def test_a_process_that_ended_gives_no_cpu_back() -> None:
    use = ProcessUsage()
    use.add_interval(UsageSnapshot({"hosts": 5.0}, {}), UsageSnapshot({}, {}), 1)

    assert use.cpu_ms_per_unit() == 0.0


def test_the_meter_finds_the_processes_of_a_home_and_what_they_burnt(tmp_path: Path) -> None:
    burns = "import time\nwhile time.process_time() < 0.3: pass\nprint('x', flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", burns, "niochat_sandbox.load_generator"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={STACK_VARIABLE: str(tmp_path)},
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        found = UsageMeter(tmp_path).take_snapshot()
        title = process_group(psutil.Process(child.pid))
        child.communicate(b"\n")

    assert title == "crowd"
    assert found.cpu_s["crowd"] >= 0.25
    assert found.pss_mb["crowd"] > 1


def test_statements_are_counted_without_the_ends_of_transactions() -> None:
    def counters(calls: int) -> DatabaseCounters:
        statements = {
            1: StatementStatistics("SELECT 1", calls, calls * 2.0, 0.0),
            2: StatementStatistics("COMMIT;", calls, 0.1, 0.0),
        }
        return DatabaseCounters(calls, statements)

    spent = DatabaseCost()
    spent.add_interval(counters(10), counters(30))
    spent.add_interval(counters(30), counters(40))
    told = spent.per_unit(10)

    assert (told["statements_per_unit"], told["commits_per_unit"]) == (3.0, 3.0)
    assert told["dearest_statements"][0]["query"] == "SELECT 1"
    assert told["dearest_statements"][0]["ms_per_call"] == 2.0


def report() -> BenchReport:
    return BenchReport(
        name="ingest",
        unit="webhook",
        rate=100.0,
        p50_ms=1.0,
        p99_ms=2.0,
        ratio_to_limit=0.6,
        cpu_ms_per_unit=1.5,
        pss_mb=900.0,
        groups={"hosts": {"cpu_ms_per_unit": 1.5, "pss_mb_peak": 900.0}},
        limit={"rate": 200.0, "rates": [200.0]},
        machine={"cores": 2, "load_before": [0, 0, 0]},
        more={"saturated": {"rates": [100.0], "foreign_cores": 0.1}},
        goals={"at least 0.5 of the limit (0.6)": True},
    )


def test_the_json_object_carries_what_every_bench_promises() -> None:
    found = json.loads(json.dumps(report().as_dict()))

    assert {
        "name",
        "rate",
        "p50_ms",
        "p99_ms",
        "ratio_to_limit",
        "cpu_ms_per_unit",
        "pss_mb",
        "groups",
        "limit",
        "machine",
        "statements_per_unit",
        "commits_per_unit",
    } <= found.keys()
    assert found["saturated"]["rates"] == [100.0]


def test_figures_and_plots_of_a_folder_come_into_the_document(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    results, document = tmp_path / "results", tmp_path / "benchmarks.md"
    results.mkdir()
    (results / "ingest.json").write_text(json.dumps(report().as_dict()))
    place = "<!-- figures: {} -->\nNot measured yet.\n<!-- end -->\n"
    document.write_text("".join(place.format(name) for name in ("machine", "ingest", "path")))

    assert draw_plots(results) == [results / "ingest.svg"]
    assert update_tables(document, results) == ["machine", "ingest"]
    once = document.read_text()
    update_tables(document, results)

    assert document.read_text() == once
    assert "- met: at least 0.5 of the limit (0.6)" in once
    assert "![ingest](results/ingest.svg)" in once
    assert once.count("Not measured yet.") == 1


def test_requests_for_reports_are_tables_with_their_failures(tmp_path: Path) -> None:
    request = TimedRequest("overview, 7 days", "/reports/query", {}, [30.0, 10.0, 20.0], 4, 1)
    measured = request.as_dict()
    assert (measured["p50_ms"], measured["p95_ms"], measured["times"]) == (20.0, 30.0, 3)
    cost = dict.fromkeys(("events", "events_per_s", "cpu_ms_per_event", "desk_ms_per_event"), 7)
    more = {"requests": [measured], "projector": {**cost, "postgres_ms_per_event": 8}}
    results, document = tmp_path / "results", tmp_path / "benchmarks.md"
    results.mkdir()
    found = BenchReport("reports", "turn", more=more, machine={"cores": 2}, goals={})
    (results / "reports.json").write_text(json.dumps(found.as_dict()))
    document.write_text("<!-- figures: reports -->\n<!-- end -->\n")

    update_tables(document, results)

    assert "| overview, 7 days | 3 | 20.0 | 30.0 | 4 | 1 |" in document.read_text()
    console = Console(width=120, file=StringIO())
    console.print(render_report(found))
    assert "overview, 7 days" in console.file.getvalue()  # type: ignore[attr-defined]


def test_every_report_that_the_bench_asks_for_is_valid() -> None:
    requests = list_requests()

    assert len({request.name for request in requests}) == len(requests) > 30
    for request in requests:
        if request.path == "/reports/query":
            grouping = ReportGrouping(request.params.get("group_by", "none"))
            assert parse_metrics(request.params["metric"], grouping)


def test_an_invalid_result_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="has no result"):
        draw_plots(tmp_path)
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(InvalidInputError, match=r"x\.json is not a benchmark result"):
        draw_plots(tmp_path)


@pytest.mark.parametrize("wrong", ["", "a", "10,5", "0,5", "5,5"])
def test_wrong_sizes_are_refused_with_a_sentence(wrong: str) -> None:
    with pytest.raises(InvalidInputError, match="--sizes"):
        parse_sizes(wrong, (1,))


def test_sizes_are_numbers_with_commas() -> None:
    assert parse_sizes("1_000,20000", ()) == (1000, 20000)
    assert parse_sizes(None, (1, 2)) == (1, 2)


def test_a_bench_that_is_not_there_is_refused() -> None:
    from typer.testing import CliRunner

    from niochat_lab.bench.bench_commands import app

    wrong = CliRunner().invoke(app, ["speed"])

    assert wrong.exit_code == 2
    assert "speed" in wrong.output
