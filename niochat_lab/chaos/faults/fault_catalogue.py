"""All faults, each with the invariant that must hold during and after it."""

from collections.abc import Iterable

from niochat.domain.errors import NotFoundError
from niochat_lab.chaos.fault_definition import FaultDefinition
from niochat_lab.chaos.faults import external_service_faults
from niochat_lab.chaos.faults.clock_faults import step_clock
from niochat_lab.chaos.faults.datastore_faults import (
    fill_disk,
    flush_redis,
    freeze_postgres,
    kill_redis,
    restart_postgres,
)
from niochat_lab.chaos.faults.external_service_faults import inject_sandbox_faults
from niochat_lab.chaos.faults.ray_process_faults import kill_process, kill_ray_process, pause_host

_PROCESS_FAULTS = (
    FaultDefinition(
        "host-kill", "its conversations go on elsewhere", kill_process("ray::HostActor")
    ),
    FaultDefinition(
        "host-pause",
        "its shards move; awake, it loses every write",
        pause_host,
        recovery_estimate_s=30.0,
    ),
    FaultDefinition(
        "webhooks-kill",
        "what was answered 2xx is stored, the rest is fetched",
        kill_process("ray::ServeReplica:webhooks"),
    ),
    FaultDefinition(
        "desk-kill",
        "messages need no API, screens or supervision",
        kill_process("ray::ServeReplica:desk"),
    ),
    FaultDefinition(
        "assistant-kill",
        "its turns run again, and each answers once",
        kill_process("ray::AssistantActor"),
    ),
    FaultDefinition("erp-kill", "a write is found in its journal", kill_process("ray::ErpActor")),
    FaultDefinition(
        "haproxy-kill", "the gateway repeats, the rest is fetched", kill_process("bin/haproxy")
    ),
    FaultDefinition(
        "raylet-kill",
        "all of Ray ends and is started again",
        kill_ray_process("raylet/raylet"),
        recovery_estimate_s=45.0,
    ),
    FaultDefinition(
        "gcs-kill",
        "all of Ray ends and is started again",
        kill_ray_process("gcs/gcs_server"),
        recovery_estimate_s=45.0,
    ),
)
_DATASTORE_FAULTS = (
    FaultDefinition(
        "postgres-restart", "nothing is answered 2xx that is not stored", restart_postgres
    ),
    FaultDefinition(
        "postgres-away",
        "all wait, nobody gives up a message",
        freeze_postgres,
        duration_s=30.0,
        short_duration_s=10.0,
        recovery_estimate_s=20.0,
    ),
    FaultDefinition("redis-restart", "messages do not need it", kill_redis),
    FaultDefinition("redis-emptied", "nothing in it is the only copy", flush_redis),
    FaultDefinition(
        "disk-full",
        "webhooks are 503, steps wait, a PANIC loses nothing",
        fill_disk,
        duration_s=8.0,
        short_duration_s=4.0,
        recovery_estimate_s=25.0,
        needs_small_disk=True,
    ),
)
_EXTERNAL_FAULTS = (
    FaultDefinition(
        "gateway-away",
        "answers wait, messages are fetched afterwards",
        external_service_faults.disconnect_gateway,
        duration_s=60.0,
        short_duration_s=12.0,
        recovery_estimate_s=30.0,
    ),
    FaultDefinition(
        "gateway-answers-lost",
        "a lost answer is looked up, never repeated blindly",
        inject_sandbox_faults("gateway", *external_service_faults.GATEWAY_RESPONSES_LOST),
        duration_s=12.0,
        short_duration_s=8.0,
        recovery_estimate_s=20.0,
    ),
    FaultDefinition(
        "model-hangs",
        "one true sentence, and people are called",
        inject_sandbox_faults("model", *external_service_faults.MODEL_HANGING),
        duration_s=10.0,
        short_duration_s=5.0,
        recovery_estimate_s=50.0,
    ),
    FaultDefinition(
        "sgp-html",
        "a page is no answer: nothing is told that was not done",
        inject_sandbox_faults("SGP", *external_service_faults.ERP_HTML_RESPONSES),
        duration_s=12.0,
        short_duration_s=8.0,
    ),
    FaultDefinition(
        "clock-steps",
        "PostgreSQL's clock decides",
        step_clock,
        duration_s=8.0,
        short_duration_s=8.0,
    ),
)
FAULTS = {fault.name: fault for fault in (*_PROCESS_FAULTS, *_DATASTORE_FAULTS, *_EXTERNAL_FAULTS)}


def parse_faults(names: str) -> tuple[FaultDefinition, ...]:
    """Parse a comma-separated list of names. Raises ``NotFoundError`` for an unknown name."""
    given = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := [name for name in given if name not in FAULTS]:
        raise NotFoundError(f"there is no fault {', '.join(unknown)}: niochat chaos --list")
    return tuple(FAULTS[name] for name in given)


def estimate_duration_s(fault: FaultDefinition, *, short: bool) -> float:
    """The estimated seconds from the injection of a fault to the recovery."""
    return (fault.short_duration_s if short else fault.duration_s) + fault.recovery_estimate_s


def estimate_total_s(faults: Iterable[FaultDefinition], *, short: bool) -> float:
    """The estimated seconds of several faults, one after another."""
    return sum(estimate_duration_s(fault, short=short) for fault in faults)
