"""One whole stack for the session, started and stopped by the real command; providers of ours.

Every test plays customers with phones of their own, and every worker has providers of its own, so
that tests do not meet. What is awaited is polled for by :func:`until`, never slept for.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import asyncpg
import httpx
import orjson
import pytest
import pytest_asyncio

from tests.end_to_end import provider_definitions
from tests.end_to_end.message_audit import assert_clean_audit
from tests.end_to_end.phone_customer import PhoneCustomer, Row
from tests.end_to_end.provider_definitions import WORKER, WORKERS, ChannelDefinition
from tests.end_to_end.shared_stack import shared_resource
from tests.lanes import SHARED
from tests.stack_control import CommandLine, StackProcess, run, running, stop
from tests.wait_until import wait_until

Found = TypeVar("Found")
_numbers = count(1 + 1000 * WORKERS.index(WORKER))
"""No two workers' customers have the same phone or the same tag."""
_seen = {"runs": 0}


@pytest.fixture(scope="package")
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StackProcess]:
    """``scripts/run --detach``, then the audit and ``scripts/run --stop``, which leaves nothing.

    The workers of a run use the same one. With ``--stack`` it is one that runs already and stays.
    """
    if mine := request.config.getoption("stack"):
        # Those of the runs before are known there.
        _seen["runs"] = int(time.time()) % 7_000_000
        asyncio.run(_prepare(running(Path(mine))))
        yield running(Path(mine))
        return
    together = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        together = together.parent
    home, locks = together / SHARED, together / f"{SHARED}-locks"
    locks.mkdir(exist_ok=True)
    hosts = _hosts_for(request.session)
    with shared_resource(locks, lambda: _start(home, hosts), lambda: _end(home)):
        yield running(home)


def _hosts_for(session: pytest.Session) -> dict[str, str]:
    """As many hosts as this machine has by itself, but two where one of them is drained."""
    drained = any(item.path.name == "test_host_drain.py" for item in session.items)
    return {"NIOCHAT_HOSTS": "2"} if drained else {}


def _start(home: Path, hosts: Mapping[str, str]) -> None:
    home.mkdir()
    try:
        run(home, "--detach", hosts)
        asyncio.run(_prepare(running(home)))
    except BaseException:
        stop(home)
        raise


def _end(home: Path) -> None:
    stack = running(home)
    try:
        asyncio.run(assert_clean_audit(stack.environment["DATABASE_URL"], stack.sandbox))
    finally:
        stop(home)
        # Another start begins with an empty sandbox, so it needs empty books too.
        ended = sum(1 for _ in home.parent.glob(f"{home.name}-ended-*"))
        home.rename(home.with_name(f"{home.name}-ended-{ended}"))


async def _prepare(stack: StackProcess) -> None:
    """The providers of every worker are applied and connected; ``demo.json`` tells of them."""
    file = stack.home / "providers.yaml"
    file.write_text(provider_definitions.build_providers_file(stack.sandbox))
    niochat = CommandLine(stack.home)
    async with httpx.AsyncClient(base_url=f"{stack.sandbox}/sandbox", trust_env=False) as http:
        for worker in provider_definitions.WORKERS:
            for line in provider_definitions.channels_for_worker(worker):
                instance = {"owner": line.owner, "name": f"{line.tenant}-{line.channel}"}
                (await http.put(f"/instances/{line.token}", json=instance)).raise_for_status()
        (await http.put("/delivery", json=provider_definitions.DELIVERY)).raise_for_status()
        quick = {"latency_s": 0.05, "stream_chunk_delay_s": 0.02}
        (await http.put("/model", json=quick)).raise_for_status()
    await niochat("apply", str(file), "--connect")
    (stack.home / "demo.json").write_text(json.dumps(await niochat.json("demo")))


@pytest.fixture(scope="package")
def demo(stack: StackProcess) -> dict[str, Any]:
    """``niochat demo --json`` after our own providers were applied and connected."""
    found: dict[str, Any] = json.loads((stack.home / "demo.json").read_text())
    return found


@dataclass
class EndToEndFixture:
    """What a test has in its hands."""

    stack: StackProcess
    niochat: CommandLine
    demo: Mapping[str, Any]
    http: httpx.AsyncClient
    database: "asyncpg.Pool[Row]"
    folder: Path
    faulted: set[str] = field(default_factory=set)
    delivering: set[str] = field(default_factory=set)
    customers: list["PhoneCustomer"] = field(default_factory=list)

    def customer(
        self, line: ChannelDefinition = provider_definitions.FAST, phone: str | None = None
    ) -> "PhoneCustomer":
        """Somebody who has never written before."""
        number = _seen["runs"] + next(_numbers)
        made = PhoneCustomer(self, line, phone or f"55819{81000000 + number}", number)
        self.customers.append(made)
        return made

    def channel(self, line: ChannelDefinition) -> dict[str, str]:
        """``id``, ``webhook_url`` and ``token`` of a line's channel."""
        channels = [c for t in self.demo["tenants"] for c in t["channels"]]
        (found,) = [c for c in channels if c["token"] == line.token]
        return dict(found)

    @property
    def demo_token(self) -> str:
        """Of the demo provider's instance at the sandbox's gateway."""
        return self.stack.environment["NIOCHAT_SANDBOX_TOKEN"]

    async def sandbox(self, method: str, path: str, body: object = None) -> Any:
        """A control call; bytes go as they are."""
        sent = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = await self.http.request(method, f"/sandbox{path}", **sent)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def inject_fault(self, target: str, kind: str, token: str, **more: object) -> None:
        """Something goes wrong for one line (its ``token``) or one model key."""
        self.faulted.add(token)
        await self.sandbox(
            "POST", "/faults", {"target": target, "kind": kind, "token": token, **more}
        )

    async def clear_faults(self) -> None:
        """What this test ordered goes on; other workers keep theirs."""
        if self.faulted:
            await self.sandbox(
                "DELETE", f"/faults?{urlencode([('token', t) for t in self.faulted])}"
            )

    async def configure_delivery(self, line: ChannelDefinition, **settings: object) -> None:
        """How the line's gateway delivers webhooks until the end of the test."""
        self.delivering.add(line.token)
        await self.sandbox("PUT", f"/delivery?token={line.token}", settings)

    async def reset_faults(self) -> None:
        """All is as before the test."""
        await self.clear_faults()
        for token in self.delivering:
            await self.sandbox("PUT", f"/delivery?token={token}", provider_definitions.DELIVERY)

    async def release_held_webhooks(self, line: ChannelDefinition) -> None:
        """What was held goes on; returns once it would have come: another one was answered."""
        await self.clear_faults()
        other = self.customer(line)
        await other.tell(1)
        await other.hears(1)

    async def post_webhook(
        self, line: ChannelDefinition, body: object, times: int = 1
    ) -> list[int]:
        """Statuses of a raw webhook, posted by the line's gateway to the real route at once; and
        again, as often as a busy door asks for it.
        """
        path = f"/instances/{line.token}/webhooks?times={times}&parallel=1"

        async def taken() -> list[int]:
            answer = await self.sandbox("POST", path, orjson.dumps(body))
            return [] if 503 in answer["statuses"] else list(answer["statuses"])

        return await wait_until(taken, every=1.0)

    async def apply_provider(self, provider: Mapping[str, Any]) -> None:
        """``niochat apply`` of one provider."""
        file = self.folder / "provider.yaml"
        file.write_text(provider_definitions.write_providers_file([provider]))
        await self.niochat("apply", str(file))

    async def fetch(self, query: str, *values: object) -> list[Row]:
        return list(await self.database.fetch(query, *values))


@pytest_asyncio.fixture
async def running_product(
    stack: StackProcess, demo: dict[str, Any], tmp_path: Path
) -> AsyncIterator[EndToEndFixture]:
    """The running world, all well in it."""
    # The log-in sees no table; the role of the path sees the path's.
    database: asyncpg.Pool[Row] = await asyncpg.create_pool(
        stack.environment["DATABASE_URL"],
        min_size=1,
        max_size=5,
        server_settings={"role": "niochat_system"},
    )
    async with httpx.AsyncClient(base_url=stack.sandbox, timeout=60, trust_env=False) as http:
        made = EndToEndFixture(stack, CommandLine(stack.home), demo, http, database, tmp_path)
        yield made
        await made.reset_faults()
        for customer in made.customers:
            await customer.client.close()
    await database.close()
