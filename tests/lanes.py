"""Which lane a test runs in: by its file, or by the mark ``long``. Read by ``conftest.py``.

A lane is chosen before anything is imported, so that ``-m unit`` reads only its own files.
"""

from pathlib import Path

ROOT = Path(__file__).parent
LANES = ("unit", "db", "ray", "long")

UNIT = (
    "accounts/test_cache.py", "accounts/test_erp_file.py", "accounts/test_facts_file.py",
    "accounts/test_providers.py",
    "accounts/test_cache.py", "accounts/test_erp_file.py", "accounts/test_providers.py",
    "accounts/test_requests_file.py",
    "actors/test_entrance.py",
    "actors/test_turns.py", "actors/test_turns_line.py", "actors/test_vitals.py",
    "adapters/sgp/test_billing.py", "adapters/sgp/test_coverage.py",
    "adapters/sgp/test_judge.py", "adapters/sgp/test_service.py",
    "adapters/sgp/test_subscribers.py", "adapters/sgp/test_tickets.py",
    "adapters/sgp/test_xml.py", "adapters/test_calendar.py", "adapters/test_clock.py",
    "adapters/whatsapp/test_captures.py", "adapters/whatsapp/test_content.py",
    "adapters/whatsapp/test_judge.py", "adapters/whatsapp/test_parse.py",
    "adapters/whatsapp/test_shapes.py", "adapters/whatsapp/test_updates.py",
    "api/test_plain_text.py",
    "assistant/test_announcing.py", "assistant/test_chat_text.py", "assistant/test_corpora.py",
    "assistant/test_dialogue.py", "assistant/test_differences.py", "assistant/test_evidence.py",
    "assistant/test_guard.py", "assistant/test_guard_files.py", "assistant/test_guard_lets_pass.py",
    "assistant/test_masking.py", "assistant/test_opening.py", "assistant/test_own_bills.py",
    "assistant/test_prompt.py", "assistant/test_provider_facts.py",
    "cli/bench/test_flames.py", "cli/bench/test_heard.py", "cli/chaos",
    "cli/test_copying.py", "cli/test_evaluation_checks.py", "cli/test_evaluation_known.py",
    "cli/test_evaluation_table.py",
    "cli/test_weaknesses.py",
    "cluster/test_configurations.py", "conversation/test_planner.py", "domain",
    "erp/test_breaker.py", "erp/test_fairness.py", "erp/test_permits.py", "erp/test_report.py",
    "inbox", "ingress/test_bodies.py", "live/test_drafts.py", "live/test_position.py",
    "media/test_judging.py", "media/test_sniffing.py",
    "outbox/test_fairness.py", "runtime", "sandbox/test_flows_closing.py",
    "sandbox/test_flows_connection.py", "sandbox/test_flows_identification.py",
    "sandbox/test_flows_invoices.py", "sandbox/test_model_players.py",
    "sandbox/test_sgp_papers.py", "test_config.py", "test_documentation.py", "test_lanes.py",
    "test_layout.py", "test_telemetry.py", "vault/test_vault.py",
)  # fmt: skip
"""Files and folders that start nothing: no process, no server, no connection."""

RAY = ("journeys",)
"""What the one running stack serves."""

LONG = (
    "cluster/test_actors_on_nodes.py", "cluster/test_membership.py", "cluster/test_rollout.py",
    "faults", "hostile", "journeys/test_bench.py", "journeys/test_drain.py",
    "journeys/test_evaluate.py",
)  # fmt: skip
"""What brings a stack or a cluster of its own, or every scenario."""

TOGETHER = {
    "journeys/test_captures.py": "captured tokens",
    "journeys/test_desk_api.py": "demo provider",
    "journeys/test_say.py": "demo provider",
}
"""What several tests of a running stack share: one worker runs them, one after the other."""

SHARED = "journeys"
"""Folder of the stack that the workers share, below that of the run."""
MARK = "pytest.mark.long"


def lane_of(path: Path) -> str:
    """The lane of a file's tests, unless one is marked ``long`` itself."""
    name = path.relative_to(ROOT).as_posix()
    for lane, places in (("long", LONG), ("unit", UNIT), ("ray", RAY)):
        if any(name == place or name.startswith(f"{place}/") for place in places):
            return lane
    return "db"


def may_have(path: Path, lane: str) -> bool:
    """Whether a file has to be read for a lane's tests."""
    if lane == "long" and MARK in path.read_text(encoding="utf-8"):
        return True
    return lane_of(path) == lane


def scope_of(test: str) -> str:
    """What keeps a test with others on one worker; itself, where nothing does."""
    return TOGETHER.get(test.partition("::")[0].removeprefix(f"{ROOT.name}/"), test)
