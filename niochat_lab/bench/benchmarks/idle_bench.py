"""``bench idle``: CPU and memory of the stack while nobody writes, and the imports of each process.

A unit is one second, so that ten milliseconds of CPU per unit are 1 % of a core.
"""

import asyncio
import json
import subprocess
import sys
from typing import Any

from niochat_lab.bench.bench_report import BenchReport, describe_machine
from niochat_lab.bench.environment.bench_environment import BenchEnvironment, BenchRequirements
from niochat_lab.bench.measurement.load_rounds import BenchOptions, ProgressCallback
from niochat_lab.bench.measurement.process_usage import ProcessUsage

REQUIREMENTS = BenchRequirements()
MAX_CPU_PERCENT, MAX_PSS_MB = 12.0, 1300.0
_SETTLE_S = 20.0
"""Seconds after the start until caches are full and Serve checks its replicas less often."""
_IMPORTED_MODULES = {
    "Python": "sys",
    "Ray": "ray",
    "Ray Serve": "ray.serve",
    "host": "niochat.cluster.hosts.host_actor",
    "pool": (
        "niochat.cluster.pools.pool_actor,"
        "niochat.composition.assistant_factory,niochat.composition.erp_factory"
    ),
    "webhooks": "niochat.http.deployments.webhooks_deployment",
    "api": "niochat.http.deployments.api_deployment",
    "live": "niochat.http.deployments.live_deployment",
    "desk": "niochat.http.deployments.single_node_deployment",
    "supervisor": "niochat.cluster.supervisor",
}
"""The modules whose import starts a process of that name."""
_IMPORT = """
import importlib, json, sys, time
from pathlib import Path
began = time.process_time()
for module in sys.argv[1].split(","):
    importlib.import_module(module)
spent_ms = (time.process_time() - began) * 1000
kb = int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])
print(json.dumps({"ms": round(spent_ms), "mb": round(kb / 1024, 1), "modules": len(sys.modules)}))
"""


async def run_idle_bench(
    environment: BenchEnvironment, options: BenchOptions, on_progress: ProgressCallback
) -> BenchReport:
    """Add up ``options.rounds`` rounds of ``options.seconds``; then measure imports, each in its
    own process.
    """
    on_progress("settling in")
    await asyncio.sleep(_SETTLE_S)
    use = ProcessUsage()
    for number in range(options.rounds):
        on_progress(f"idle, {number + 1} of {options.rounds}")
        before = await asyncio.to_thread(environment.meter.take_snapshot)
        await asyncio.sleep(options.seconds)
        use.add_interval(
            before, await asyncio.to_thread(environment.meter.take_snapshot), round(options.seconds)
        )
    on_progress("importing")
    loaded = {
        name: await asyncio.to_thread(_measure_import, module)
        for name, module in _IMPORTED_MODULES.items()
    }
    percent, pss_mb = round(use.cpu_ms_per_unit() / 10, 2), use.total_pss_mb()
    return BenchReport(
        name="idle",
        unit="second",
        cpu_ms_per_unit=use.cpu_ms_per_unit(),
        pss_mb=pss_mb,
        groups=use.groups(),
        machine=describe_machine(environment.postgres),
        more={"percent_of_a_core": percent, "loaded": loaded, "foreign_cores": use.foreign_cores},
        goals={
            f"at most {MAX_CPU_PERCENT:g} % of a core ({percent})": percent <= MAX_CPU_PERCENT,
            f"at most {MAX_PSS_MB:g} MB ({pss_mb})": pss_mb <= MAX_PSS_MB,
        },
    )


def _measure_import(modules: str) -> dict[str, Any]:
    """Measure the CPU (ms), memory (MB) and number of modules of an import."""
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, modules], capture_output=True, check=True, timeout=60
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
