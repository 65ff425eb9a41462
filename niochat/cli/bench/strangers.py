"""`bench strangers`: webhooks and log-ins beside clients that send slowly and never end."""

import asyncio
import secrets
import time
from dataclasses import dataclass, field

import httpx

from niochat.cli.bench.figures import median, quantile
from niochat.cli.bench.ingest import ingest_stream
from niochat.cli.bench.report import Report, machine
from niochat.cli.bench.slices import Plan, Side, Told, Track
from niochat.cli.bench.slow_clients import EVERY_PART, slow_clients
from niochat.cli.bench.stage import Stage, Wanted
from niochat.cli.bench.tenants import settle_in
from niochat.stack.postgres import DATABASE_NAME

WANTED = Wanted()
RATIO = 0.9
FEW, MANY = (500, 1), (2000, 500)
"""Connections, and the addresses that they come from."""
_SLUG = "bench"
_WARM_S = 5.0
_LOG_IN_EVERY_S = 2.0
"""Each is a whole hash, 50 ms of a core: more often they would be what is measured."""


@dataclass(slots=True)
class _LogIns:
    """Attempts of strangers to the API: each costs a whole hash."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0


async def measure(stage: Stage, plan: Plan, told: Told) -> Report:
    """Each round: alone, beside 500 from one address, beside 2,000 from many."""
    tenant = (await settle_in(stage, [_SLUG], assistant=False))[_SLUG]
    stream = ingest_stream("product", tenant)
    url = httpx.URL(stream.url)
    host = (url.host, url.port or 80)
    alone, sides = Side(), {FEW: Side(), MANY: Side()}
    log_ins = _LogIns()
    async with Track(stage, plan, told) as track:
        await track.warm_up({"product": stream}, {"product": DATABASE_NAME}, _WARM_S)
        for number in range(plan.rounds):
            told(f"{number + 1} of {plan.rounds}: alone")
            await track.play(alone, [stream], plan.seconds, database=DATABASE_NAME)
            for (count, addresses), side in sides.items():
                told(f"{number + 1} of {plan.rounds}: beside {count} from {addresses}")
                async with slow_clients(host, count, EVERY_PART, addresses=addresses, again=True):
                    signing_in = asyncio.ensure_future(_sign_in(log_ins, url))
                    try:
                        await track.play(side, [stream], plan.seconds, database=DATABASE_NAME)
                    finally:
                        signing_in.cancel()
                        await asyncio.gather(signing_in, return_exceptions=True)
    return _report(stage, alone, sides, log_ins)


async def _sign_in(log_ins: _LogIns, url: httpx.URL) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        while True:
            begun = time.monotonic()
            login = {"login": f"{secrets.token_hex(6)}@example.com", "password": "not this one"}
            answer = await http.post(url.copy_with(path="/api/v1/auth/login"), json=login)
            if answer.status_code == 401:
                log_ins.seconds.append(time.monotonic() - begun)
            else:
                log_ins.refused += 1
            await asyncio.sleep(_LOG_IN_EVERY_S)


def _report(
    stage: Stage, alone: Side, sides: dict[tuple[int, int], Side], log_ins: _LogIns
) -> Report:
    ratios = {
        f"{count} from {addresses}": round(
            median([ours / theirs for ours, theirs in zip(side.rates, alone.rates, strict=True)]), 3
        )
        for (count, addresses), side in sides.items()
    }
    worst = min(ratios.values())
    beside = sides[MANY]
    p95_s = round(quantile(log_ins.seconds, 0.95), 2) if log_ins.seconds else None
    return Report(
        name="strangers",
        unit="webhook",
        rate=beside.rate,
        p50_ms=beside.p50_ms,
        p99_ms=beside.p99_ms,
        ratio_to_limit=worst,
        cpu_ms_per_unit=beside.use.cpu_ms_per_unit(),
        pss_mb=beside.use.total_pss_mb(),
        groups=beside.use.groups(),
        limit=alone.summary(),
        machine=machine(stage.stores),
        more={
            "ratios": ratios,
            "log_ins": {
                "answered": len(log_ins.seconds), "refused": log_ins.refused, "p95_s": p95_s,
            },
        },
        goals={
            f"at least {RATIO} of the rate alone ({worst})": worst >= RATIO,
            f"no log-in refused ({log_ins.refused})": bool(log_ins.seconds) and not log_ins.refused,
        },
    )  # fmt: skip
