"""The alert rules fire when they should, and speak of figures that the code tells."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

import niochat
from niochat.cluster.hosts.host_metrics import COUNTERS, GAUGES
from niochat.http.cluster_metrics import CLUSTER_GAUGES

FOLDER = Path(niochat.__file__).parents[1] / "deploy/prometheus"
OPERATIONS = FOLDER.parents[1] / "docs/operations.md"
PROMTOOL = shutil.which("promtool")

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is missing: apt-get install prometheus"
)


def alerts() -> list[str]:
    document = yaml.safe_load((FOLDER / "alerts.yaml").read_text())
    return [rule["alert"] for group in document["groups"] for rule in group["rules"]]


@needs_promtool
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yaml"),
        ("check", "rules", "alerts.yaml"),
        ("test", "rules", "alerts_test.yaml"),
    ],
    ids=" ".join,
)
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    assert PROMTOOL is not None
    said = subprocess.run(
        [PROMTOOL, *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False
    )

    assert said.returncode == 0, said.stdout + said.stderr


def test_every_alert_is_tested_when_it_fires_and_when_it_does_not() -> None:
    document = yaml.safe_load((FOLDER / "alerts_test.yaml").read_text())
    cases = [case for test in document["tests"] for case in test["alert_rule_test"]]
    fires = {case["alertname"] for case in cases if case.get("exp_alerts")}
    quiet = {case["alertname"] for case in cases if not case.get("exp_alerts")}

    assert fires == quiet == set(alerts())


def test_every_figure_in_a_rule_is_told_by_the_code() -> None:
    told = {*CLUSTER_GAUGES, *GAUGES, *(f"{name}_total" for name in COUNTERS)}
    told |= {"actors", "webhooks_answered_total", "webhooks_ignored_total"}
    used = set(re.findall(r"ray_niochat_([a-z_]+)", (FOLDER / "alerts.yaml").read_text()))

    assert used
    assert used <= told


def test_every_alert_is_explained_to_operators() -> None:
    explained = OPERATIONS.read_text(encoding="utf-8")

    assert not [alert for alert in alerts() if f"`{alert}`" not in explained]
