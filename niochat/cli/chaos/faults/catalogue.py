"""Every fault there is, with what must hold while it lasts and afterwards."""

from collections.abc import Iterable

from niochat.cli.chaos.fault import Fault
from niochat.cli.chaos.faults import outside
from niochat.cli.chaos.faults.clocks import step_the_clock
from niochat.cli.chaos.faults.outside import order
from niochat.cli.chaos.faults.stores import (
    cut_postgres_off,
    empty_redis,
    fill_the_disk,
    kill_redis,
    restart_postgres,
)
from niochat.cli.chaos.faults.workers import kill, kill_ray, pause_a_host
from niochat.domain.errors import NotFoundError

_WORKERS = (
    Fault("host-kill", "its conversations go on elsewhere", kill("ray::HostActor")),
    Fault(
        "host-pause", "its shards move; awake, it loses every write", pause_a_host, takes_s=30.0
    ),
    Fault(
        "webhooks-kill", "what was answered 2xx is stored, the rest is fetched",
        kill("ray::ServeReplica:webhooks"),
    ),
    Fault(
        "desk-kill", "messages need no API, screens or supervision",
        kill("ray::ServeReplica:desk"),
    ),
    Fault(
        "assistant-kill", "its turns run again, and each answers once",
        kill("ray::AssistantActor"),
    ),
    Fault("erp-kill", "a write is found in its journal", kill("ray::ErpActor")),
    Fault("haproxy-kill", "the gateway repeats, the rest is fetched", kill("bin/haproxy")),
    Fault(
        "raylet-kill", "all of Ray ends and is started again",
        kill_ray("raylet/raylet"), takes_s=45.0,
    ),
    Fault(
        "gcs-kill", "all of Ray ends and is started again", kill_ray("gcs/gcs_server"), takes_s=45.0
    ),
)  # fmt: skip
_STORES = (
    Fault("postgres-restart", "nothing is answered 2xx that is not stored", restart_postgres),
    Fault(
        "postgres-away", "all wait, nobody gives up a message", cut_postgres_off,
        lasts_s=30.0, short_s=10.0, takes_s=20.0,
    ),
    Fault("redis-restart", "messages do not need it", kill_redis),
    Fault("redis-emptied", "nothing in it is the only copy", empty_redis),
    Fault(
        "disk-full", "webhooks are 503, steps wait, a PANIC loses nothing", fill_the_disk,
        lasts_s=8.0, short_s=4.0, takes_s=25.0, needs_small_disk=True,
    ),
)  # fmt: skip
_OUTSIDE = (
    Fault(
        "gateway-away", "answers wait, messages are fetched afterwards",
        outside.take_the_gateway_away, lasts_s=60.0, short_s=12.0, takes_s=30.0,
    ),
    Fault(
        "gateway-answers-lost", "a lost answer is looked up, never repeated blindly",
        order("gateway", *outside.ANSWERS_LOST), lasts_s=12.0, short_s=8.0, takes_s=20.0,
    ),
    Fault(
        "model-hangs", "one true sentence, and people are called",
        order("model", *outside.MODEL_HANGS), lasts_s=10.0, short_s=5.0, takes_s=50.0,
    ),
    Fault(
        "sgp-html", "a page is no answer: nothing is told that was not done",
        order("SGP", *outside.ERP_PAGES), lasts_s=12.0, short_s=8.0,
    ),
    Fault("clock-steps", "PostgreSQL's clock decides", step_the_clock, lasts_s=8.0, short_s=8.0),
)  # fmt: skip
FAULTS = {fault.name: fault for fault in (*_WORKERS, *_STORES, *_OUTSIDE)}


def wanted(names: str) -> tuple[Fault, ...]:
    """The faults of a list with commas, in its order. Raises ``NotFoundError`` for another name."""
    given = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := [name for name in given if name not in FAULTS]:
        raise NotFoundError(f"no fault is called {', '.join(unknown)}: niochat chaos --list")
    return tuple(FAULTS[name] for name in given)


def cost_s(fault: Fault, *, short: bool) -> float:
    """About how long a fault takes, from its beginning until all is well, in seconds."""
    return (fault.short_s if short else fault.lasts_s) + fault.takes_s


def total_s(faults: Iterable[Fault], *, short: bool) -> float:
    """The same of several, one after another."""
    return sum(cost_s(fault, short=short) for fault in faults)
