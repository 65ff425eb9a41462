"""``bench mirror``: the path while the tenant is mirrored to a Supabase project, or is not.

Saturated rounds alternate: without a project, with one that takes every row at once, with one that
answers each request after ten seconds, and with one that does not answer. The ratio of each is its
rate divided by the rate without a project. Each round begins when everything is sent that can be.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack

from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.composition.components import Components, open_components
from niochat.composition.mirror.mirror_services import build_mirror_settings
from niochat.domain.tenant.supabase_project import MirroredMessages
from niochat.launcher.databases.postgres_server import DATABASE_NAME
from niochat.mirror.mirror_settings import MirrorSettingsEditor
from niochat.mirror.settings_content import MirrorSettingsContent
from niochat.ports.audit import AuditActor, AuditActorKind
from niochat_lab.bench.bench_report import BenchReport, describe_machine
from niochat_lab.bench.benchmarks.path_bench import build_path_stream
from niochat_lab.bench.environment.bench_environment import BenchEnvironment, BenchRequirements
from niochat_lab.bench.environment.bench_tenants import BenchTenant, create_bench_tenants
from niochat_lab.bench.environment.project_endpoints import (
    CLOSED_URL,
    ProjectEndpoint,
    open_endpoint,
)
from niochat_lab.bench.measurement.load_rounds import (
    BenchOptions,
    LoadRoundRunner,
    ProgressCallback,
    SideMeasurement,
    median_ratio,
)
from niochat_lab.lab_queries import lab_queries

REQUIREMENTS = BenchRequirements()
MIN_RATIO = 0.98
SLOW_S = 10.0
_SQL = lab_queries("bench")
_SLUG = "mirrored"
_KEY = "sb_secret_of_the_benchmark"
_WARM_S = 8.0
_NOTICED_S = 8.0
"""Settings are read every five seconds."""
_SENT_WITHIN_S = 120.0
_SIDES = ("unset", "on", "slow", "down")


async def run_mirror_bench(
    environment: BenchEnvironment, options: BenchOptions, on_progress: ProgressCallback
) -> BenchReport:
    """Run the benchmark in an environment started for :data:`REQUIREMENTS`."""
    tenant = (await create_bench_tenants(environment, [_SLUG], assistant=True))[_SLUG]
    stream = build_path_stream(_SLUG, tenant, 0)
    sides = {name: SideMeasurement() for name in _SIDES}
    async with AsyncExitStack() as stack:
        quick = await stack.enter_async_context(open_endpoint())
        slow = await stack.enter_async_context(open_endpoint(SLOW_S))
        urls = {"unset": None, "on": quick.url, "slow": slow.url, "down": CLOSED_URL}
        components = await open_components(environment.settings())
        stack.push_async_callback(components.close)
        runner = await stack.enter_async_context(LoadRoundRunner(environment, options, on_progress))
        await runner.warm_up({_SLUG: stream}, {_SLUG: DATABASE_NAME}, _WARM_S)
        for number in range(options.rounds):
            for name in _SIDES if number % 2 == 0 else reversed(_SIDES):
                runner.report_progress(f"{name}, {number + 1} of {options.rounds}")
                await _set_project(components, environment, tenant, urls[name])
                if name == "on":
                    await _wait_until_sent(components, tenant)
                await runner.run_round(
                    sides[name], [stream], options.seconds, database=DATABASE_NAME
                )
    return _report(environment, sides, quick)


async def _set_project(
    components: Components, environment: BenchEnvironment, tenant: BenchTenant, url: str | None
) -> None:
    guard = SsrfGuard(components.settings.private_networks or ())
    store = build_mirror_settings(
        components.database, components.vault, environment.settings(), guard
    )
    editor = MirrorSettingsEditor(tenant.tenant_id, AuditActor(AuditActorKind.PRODUCT, "benchmark"))
    content = MirrorSettingsContent(
        enabled=url is not None,
        url=url,
        key=_KEY if url else None,
        messages=MirroredMessages.FULL,
    )
    await store.replace(editor, content)
    await asyncio.sleep(_NOTICED_S)


async def _wait_until_sent(components: Components, tenant: BenchTenant) -> None:
    end = time.monotonic() + _SENT_WITHIN_S
    while time.monotonic() < end:
        async with components.database.as_system() as connection:
            if await connection.fetchval(_SQL["is_mirrored"], tenant.tenant_id):
                return
        await asyncio.sleep(0.5)


def _report(
    environment: BenchEnvironment, sides: Mapping[str, SideMeasurement], quick: ProjectEndpoint
) -> BenchReport:
    unset, on = sides["unset"], sides["on"]
    ratios = {name: median_ratio(side, unset) for name, side in sides.items() if name != "unset"}
    return BenchReport(
        name="mirror",
        unit="turn",
        rate=on.rate,
        p50_ms=on.p50_ms,
        p99_ms=on.p99_ms,
        ratio_to_limit=ratios["on"],
        cpu_ms_per_unit=on.use.cpu_ms_per_unit(),
        pss_mb=on.use.total_pss_mb(),
        groups=on.use.groups(),
        limit={"rate": unset.rate},
        machine=describe_machine(environment.postgres),
        more={
            "sides": {name: side.as_dict() for name, side in sides.items()},
            "ratios": ratios,
            "project_requests": quick.requests,
            "received_mb": round(quick.received / 1e6, 1),
        },
        goals={
            f"path with a project that is {name} at least {MIN_RATIO} of that without ({ratio})": (
                ratio >= MIN_RATIO
            )
            for name, ratio in ratios.items()
        },
    )
