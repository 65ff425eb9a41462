"""Which lane a test runs in: by its file, or by the mark ``long``. Read by ``conftest.py``.

A lane is chosen before anything is imported, so that ``-m unit`` reads only its own files.
"""

from pathlib import Path

ROOT = Path(__file__).parent
LANES = ("unit", "db", "ray", "desk", "long")

UNIT = (
    "actors/test_activation_admission.py",
    "actors/test_turn_fairness.py",
    "actors/test_turn_scheduler.py",
    "adapters/erps/sgp/responses/test_billing_parser.py",
    "adapters/erps/sgp/responses/test_body_decoder.py",
    "adapters/erps/sgp/responses/test_connection_parser.py",
    "adapters/erps/sgp/responses/test_coverage_parser.py",
    "adapters/erps/sgp/responses/test_subscriber_parser.py",
    "adapters/erps/sgp/responses/test_ticket_parser.py",
    "adapters/erps/sgp/test_response_errors.py",
    "adapters/gateways/uazapi/parsing/test_captured_webhooks.py",
    "adapters/gateways/uazapi/parsing/test_message_content.py",
    "adapters/gateways/uazapi/parsing/test_message_types.py",
    "adapters/gateways/uazapi/parsing/test_receipt_events.py",
    "adapters/gateways/uazapi/parsing/test_webhook_parser.py",
    "adapters/gateways/uazapi/test_send_outcome.py",
    "adapters/gateways/test_message_kinds.py",
    "adapters/test_clock.py",
    "adapters/test_holiday_calendar.py",
    "adapters/test_image_size.py",
    "adapters/test_photo_encoder.py",
    "adapters/test_ttl_cache.py",
    "assistant/guardrail",
    "assistant/prompt/test_provider_prompt.py",
    "assistant/prompt/test_system_prompt.py",
    "assistant/test_model_session.py",
    "assistant/text",
    "assistant/tools/consent",
    "attachments/test_attachment_facts.py",
    "attachments/test_file_type.py",
    "attachments/test_filename_safety.py",
    "cli/demo_history/test_history_generator.py",
    "cli/demo_history/test_history_ratings.py",
    "cli/doctor/test_security_checks.py",
    "cli/test_copyable_output.py",
    "cluster/test_heartbeat.py",
    "conversations/history",
    "conversations/step/test_step_planner.py",
    "conversations/test_canned_text.py",
    "deploy/test_cluster_configurations.py",
    "domain",
    "erp/calls/test_call_limiter.py",
    "erp/calls/test_tenant_fairness.py",
    "erp/test_circuit_breaker.py",
    "erp/test_rpc_reply.py",
    "http/rest/history/test_tool_call_masking.py",
    "http/desk",
    "http/rest/test_control_characters.py",
    "http/test_body_limits.py",
    "http/test_request_metadata.py",
    "inbox/test_batched_inserts.py",
    "insights/exports/test_export_order.py",
    "insights/reports/test_duration_histograms.py",
    "insights/reports/test_period_parts.py",
    "live/test_assistant_drafts.py",
    "live/test_log_position.py",
    "live/test_viewer_registry.py",
    "niochat_lab/bench/test_event_audit.py",
    "niochat_lab/bench/test_flame_graphs.py",
    "niochat_lab/chaos",
    "niochat_lab/evaluation/test_evaluation_table.py",
    "niochat_lab/evaluation/test_recording_placeholders.py",
    "niochat_lab/evaluation/test_scenario_checks.py",
    "niochat_sandbox/scripted_model/test_closing_flow.py",
    "niochat_sandbox/scripted_model/test_connection_flow.py",
    "niochat_sandbox/scripted_model/test_identification_flow.py",
    "niochat_sandbox/scripted_model/test_invoice_flow.py",
    "niochat_sandbox/scripted_model/test_scripted_models.py",
    "niochat_sandbox/sgp/test_boletos.py",
    "outbox/test_channel_fairness.py",
    "push/test_push_encryption.py",
    "runtime",
    "subscribers/test_erp_gate.py",
    "tenants/provider_file/test_change_request_schema.py",
    "tenants/provider_file/test_erp_schema.py",
    "tenants/provider_file/test_facts_schema.py",
    "tenants/provider_file/test_provider_loader.py",
    "test_config.py",
    "test_documentation.py",
    "test_lanes.py",
    "test_layout.py",
    "test_names.py",
    "test_structured_logging.py",
    "vault/test_vault.py",
)
"""Files and folders that start nothing: no process, no server, no connection."""

RAY = ("end_to_end",)
"""What the one running stack serves."""

DESK = ("end_to_end/desk",)
"""What a browser does with the running stack."""

LONG = (
    "end_to_end/commands/test_bench_command.py",
    "end_to_end/commands/test_evaluate_command.py",
    "end_to_end/operations/test_host_drain.py",
    "fault_tolerance",
    "multi_node/test_actor_placement.py",
    "multi_node/test_node_membership.py",
    "multi_node/test_rollout.py",
    "security",
)
"""What brings a stack or a cluster of its own, or every scenario."""

TOGETHER = {
    "end_to_end/commands/test_say_round_trip.py": "demo provider",
    "end_to_end/test_agent_workflow.py": "demo provider",
    "end_to_end/test_webhook_ingest.py": "captured tokens",
}
"""What several tests of a running stack share: one worker runs them, one after the other."""

SHARED = "end_to_end"
"""Folder of the stack that the workers share, below that of the run."""
MARK = "pytest.mark.long"


def lane_of(path: Path) -> str:
    """The lane of a file's tests, unless one is marked ``long`` itself."""
    name = path.relative_to(ROOT).as_posix()
    for lane, places in (("long", LONG), ("unit", UNIT), ("desk", DESK), ("ray", RAY)):
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
