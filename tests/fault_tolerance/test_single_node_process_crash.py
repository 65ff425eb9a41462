"""The process of API, screens and supervision dies in the middle of what it does.

On one machine they are one, ``desk``. Whoever was answered keeps what was answered; whoever was not
asks again under the same key and learns how it ended; sockets come again and miss nothing; what is
sealed, mailed and moved goes on in the next process.
"""

import asyncio
import json
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from niochat.cli.customer_simulation import CustomerSimulation
from niochat.cli.sandbox_client import SandboxClient
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.stack_credentials import StackCredentials
from tests.fault_tolerance.conftest import RunningStackFixture
from tests.fault_tolerance.test_process_crashes import every_log_replays_to_its_state
from tests.stack_control import CommandLine
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(500)]

CUSTOMERS = 20
WRITE_S = 30.0
KILLS_AFTER_S = (4.0, 12.0)
"""Of writing, and of the kill before."""
WITHIN_S = 200.0
"""Longer than the lease of a key, after which whoever worked on it counts as dead."""
FINAL = {201, 409, 422}


@dataclass
class ApiPoller:
    """Invites people, each under a key of its own, until an answer says how it ended."""

    api: httpx.AsyncClient
    ended: dict[str, tuple[int, str]] = field(default_factory=dict)
    heard: Counter[tuple[int, str]] = field(default_factory=Counter)

    async def invite(self, number: int) -> None:
        login = f"convidado-{number}@example.com"
        body = {"login": login, "name": "Convidado", "role": "viewer"}
        headers = {"idempotency-key": f"desk-{number}"}

        async def asked() -> tuple[int, str] | None:
            with suppress(httpx.TransportError):
                answer = await self.api.post("/users", json=body, headers=headers)
                told = answer.headers.get("content-type", "").endswith("json")
                code = answer.json().get("code", "") if told and answer.status_code > 201 else ""
                self.heard[answer.status_code, code] += 1
                if answer.status_code in FINAL and code != "in_progress":
                    return answer.status_code, code
            return None

        what = f"an end of {login}: {self.heard}"
        self.ended[login] = await wait_until(asked, WITHIN_S, what=what, every=2.0)

    async def ask_for(self, seconds: float) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(int(seconds * 5)):
                group.create_task(self.invite(number))
                await asyncio.sleep(0.2)


@dataclass
class SocketWatcher:
    """A screen that comes again with its position, and remembers each event it was told."""

    api: httpx.AsyncClient
    url: str
    seen: Counter[str] = field(default_factory=Counter)
    welcomes: list[bool] = field(default_factory=list)
    position: str | None = None

    async def watch(self) -> None:
        while True:
            with suppress(httpx.HTTPError, WebSocketException, OSError, KeyError, ValueError):
                await self._stay()
            await asyncio.sleep(0.2)

    async def _stay(self) -> None:
        ticket = (await self.api.post("/auth/socket-tickets")).json()["ticket"]
        async with connect(self.url) as socket:
            hello = {"type": "hello", "ticket": ticket, "position": self.position}
            await socket.send(json.dumps({k: v for k, v in hello.items() if v}))
            async for words in socket:
                self._hear(json.loads(words))

    def _hear(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "welcome":
            self.welcomes.append(frame["caught_up"])
        if frame["type"] == "event":
            self.seen[frame["position"]] += 1
        self.position = frame.get("position", self.position)


@asynccontextmanager
async def admin_of(running_stack: RunningStackFixture) -> AsyncIterator[httpx.AsyncClient]:
    demo = await CommandLine(running_stack.home).json("demo")
    (tenant,) = [each for each in demo["tenants"] if each["slug"] == "demo"]
    (who,) = [each for each in tenant["users"] if each["role"] == "admin"]
    base = f"{running_stack.told['NIOCHAT_BASE_URL']}/api/v1"
    async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=20) as api:
        login = {"login": who["login"], "password": who["password"]}
        told = await api.post("/auth/login", json=login)
        assert told.status_code == 200, told.text
        api.headers["authorization"] = f"Bearer {told.json()['access_token']}"
        yield api


@asynccontextmanager
async def looking(running_stack: RunningStackFixture) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(running_stack.told["DATABASE_URL"])
    yield connection
    await connection.close()


async def kill(process: psutil.Process) -> None:
    process.send_signal(signal.SIGKILL)
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [process], 10)
    assert gone


def owners_url(running_stack: RunningStackFixture) -> str:
    """Who owns the tables may lock them; what serves may not."""
    parts = urlsplit(running_stack.told["DATABASE_URL"])
    password = StackCredentials.load_or_create(HomeFolder.create(running_stack.home)).postgres_owner
    return urlunsplit(parts._replace(netloc=f"niochat:{password}@{parts.hostname}:{parts.port}"))


async def desk_of(running_stack: RunningStackFixture) -> psutil.Process:
    return await wait_until(
        lambda: next(iter(running_stack.named("ray::ServeReplica:desk")), None), 60
    )


async def mails(running_stack: RunningStackFixture) -> Counter[str]:
    """How many letters the sandbox's server took, by who they are for."""
    url = f"{running_stack.told['NIOCHAT_SANDBOX_URL']}/sandbox/mails"
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(
            url, headers={"authorization": f"Bearer {running_stack.told['NIOCHAT_SANDBOX_TOKEN']}"}
        )
    return Counter(each["to"] for each in answer.json()["items"])


async def test_who_asks_watches_and_is_written_to_meets_a_desk_that_dies(
    running_stack: RunningStackFixture,
) -> None:
    client = SandboxClient(
        running_stack.told["NIOCHAT_SANDBOX_URL"], running_stack.told["NIOCHAT_SANDBOX_TOKEN"]
    )
    simulation = CustomerSimulation(
        client, CUSTOMERS, random.SystemRandom().randrange(10**6), think_s=3.0
    )
    live = running_stack.told["NIOCHAT_BASE_URL"].replace("http://", "ws://") + "/live"

    async def kills() -> None:
        for pause in KILLS_AFTER_S:
            await asyncio.sleep(pause)
            await kill(await desk_of(running_stack))

    async with admin_of(running_stack) as api, looking(running_stack) as database:
        await database.execute("SET ROLE niochat_gate")
        asker, watcher = ApiPoller(api), SocketWatcher(api, live)
        watching = asyncio.create_task(watcher.watch())
        await wait_until(lambda: watcher.welcomes)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(simulation.run(WRITE_S))
                group.create_task(asker.ask_for(WRITE_S))
                group.create_task(kills())
            audit = await simulation.audit_when_settled(90)
            await wait_until(lambda: len(watcher.welcomes) >= 2, 60)
        finally:
            watching.cancel()
            await client.close()
        # Customers noticed nothing.
        assert (audit.lost, audit.twice, audit.out_of_order, audit.handed_off) == (0, 0, 0, 0)
        # Each keyed POST ended as one act, or said that it was done and its answer is gone.
        assert set(asker.ended.values()) <= {(201, ""), (409, "answer_lost")}
        rows = await database.fetch(
            "SELECT u.id, u.login, count(a.id) AS told FROM users u"
            "  LEFT JOIN audit a ON a.target = 'user:' || u.id AND a.action = 'users.invite'"
            " WHERE u.login = ANY ($1) GROUP BY u.id, u.login",
            list(asker.ended),
        )
        assert {row["login"]: row["told"] for row in rows} == dict.fromkeys(asker.ended, 1)
        # Whoever was told 201 has a letter; one that was on its way may have come twice.
        answered = {login for login, end in asker.ended.items() if end[0] == 201}

        async def unwritten() -> bool:
            return not answered - set(await mails(running_stack))

        await wait_until(unwritten, 150, what="a letter for everybody")
        # The screen came again with its position, and was told every event once.
        assert watcher.welcomes[1:] == [True] * len(watcher.welcomes[1:])
        assert max(watcher.seen.values()) == 1
        assert await all_sealed(running_stack)
    await every_log_replays_to_its_state(running_stack.told["DATABASE_URL"])


async def all_sealed(running_stack: RunningStackFixture) -> bool:
    """Behind the last link comes nothing for long, and no link is broken."""
    niochat = CommandLine(running_stack.home)

    async def sealed() -> bool:
        verdict = await niochat.json("audit", "verify")
        assert verdict["broken"] is None
        return bool(verdict["unsealed"] == 0)

    return await wait_until(sealed, 60, what="the audit log sealed", every=1.0)


async def test_a_supervisor_that_dies_while_it_moves_shards_leaves_its_lock_and_no_shard_behind(
    running_stack: RunningStackFixture,
) -> None:
    async with looking(running_stack) as database:
        await database.execute("SET ROLE niochat_system")

        async def owners() -> set[str]:
            return {row["host"] for row in await database.fetch("SELECT host FROM shards")}

        before = await wait_until(owners)
        epochs = await database.fetchval("SELECT sum(epoch) FROM shards")
        host = running_stack.named("ray::HostActor")[0]
        await kill(host)

        async def moving() -> bool:
            return bool(await database.fetchval("SELECT sum(epoch) FROM shards") > epochs)

        await wait_until(moving, 60, what="shards move", every=0.005)
        desk = await desk_of(running_stack)
        await kill(desk)

        async def all_live() -> bool:
            heard = await database.fetch(
                "SELECT incarnation FROM hosts WHERE seen_at > now() - interval '5 s'"
            )
            alive = {row["incarnation"] for row in heard}
            return len(alive) == 2 and await owners() == alive and await owners() != before

        await wait_until(all_live, 90, what="every shard with a host that lives", every=0.2)
        # The lock is somebody's again, and not the dead one's.
        holders = await wait_until(
            lambda: database.fetch(
                "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
                "   AND ((classid::bigint << 32) | objid::bigint) = 5581988887776"
            )
        )
        assert len(holders) == 1


async def test_what_was_done_before_the_desk_died_is_done_once_and_its_repeat_is_told(
    running_stack: RunningStackFixture,
) -> None:
    """It dies where it hurts most: the user is there, the answer is not, and a link of the audit
    log is being made.
    """
    numbers = range(1_000, 1_004)
    async with admin_of(running_stack) as api, looking(running_stack) as database:
        asker = ApiPoller(api)
        desk = await desk_of(running_stack)
        held = await asyncpg.connect(owners_url(running_stack))
        logins = [f"convidado-{number}@example.com" for number in numbers]
        await database.execute("SET ROLE niochat_gate")

        async def here() -> bool:
            found = await database.fetchval(
                "SELECT count(*) FROM users WHERE login = ANY ($1)", logins
            )
            return bool(found == len(logins))

        asking = []
        try:
            async with held.transaction():
                await held.execute("LOCK TABLE one_time_links, audit_links IN EXCLUSIVE MODE")
                asking = [asyncio.create_task(asker.invite(number)) for number in numbers]
                await wait_until(here, 4.5, what="the users are there")
                await kill(desk)
            await asyncio.wait_for(asyncio.gather(*asking), WITHIN_S)
        finally:
            for task in asking:
                task.cancel()
            await held.close()
        assert set(asker.ended.values()) == {(409, "answer_lost")}, asker.heard
        assert asker.heard[409, "in_progress"] > 0
        told = await database.fetch(
            "SELECT target, count(*) FROM audit WHERE action = 'users.invite' AND target IN"
            " (SELECT 'user:' || id FROM users WHERE login = ANY ($1)) GROUP BY target",
            logins,
        )
        assert [row["count"] for row in told] == [1] * len(logins)
        # What is still to be done is asked for under a new key.
        user = told[0]["target"].partition(":")[2]
        again = await api.post(f"/users/{user}/invitation", headers={"idempotency-key": "again"})
        assert again.status_code == 202, again.text
        assert await all_sealed(running_stack)
