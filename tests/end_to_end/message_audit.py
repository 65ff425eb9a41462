"""After all journeys: the books of the product and the phones of the customers agree."""

import asyncio
from collections import Counter
from typing import Any

import asyncpg
import httpx

from niochat.cli.customer_simulation import audit_messages
from tests.wait_until import wait_until

LOOKS = 30
PENDING = "SELECT FROM inbox WHERE processed_at IS NULL"
UNSETTLED = "SELECT FROM outbox WHERE status IN ('queued', 'sending', 'uncertain')"
RUNNING = "SELECT FROM turns WHERE status = 'running'"
NOWHERE = {
    "a command was parked": "SELECT FROM inbox WHERE outcome LIKE 'parked:%'",
    "a turn still runs": RUNNING,
    "a log has a gap": (
        "SELECT c.protocol FROM conversations c JOIN events e"
        " ON e.tenant_id = c.tenant_id AND e.conversation_id = c.id"
        " GROUP BY c.tenant_id, c.id HAVING count(*) <> c.version OR min(e.version) <> 1"
        " OR max(e.version) <> c.version"
    ),
    "a thread has two live conversations": (
        "SELECT FROM conversations WHERE status <> 'resolved'"
        " GROUP BY thread_id HAVING count(*) > 1"
    ),
}


async def assert_clean_audit(database_url: str, sandbox: str) -> None:
    """Fails with everything that does not agree. Nobody may write any more."""
    database = await asyncpg.connect(database_url, server_settings={"role": "niochat_system"})
    try:
        await wait_until(lambda: _none(database, PENDING), 30, every=0.1, what="all was processed")
        await wait_until(lambda: _none(database, UNSETTLED), 30, every=0.1, what="all was sent")
        await wait_until(lambda: _none(database, RUNNING), 60, every=0.1, what="all turns ended")
        async with httpx.AsyncClient(base_url=sandbox, timeout=60, trust_env=False) as http:
            # An echo or receipt may still be on its way: it turns a failed send into a sent one.
            for _ in range(LOOKS):
                wrong = await _compare(database, http)
                if not wrong:
                    break
                await asyncio.sleep(1)
    finally:
        await database.close()
    assert not wrong, wrong


async def _compare(
    database: "asyncpg.Connection[asyncpg.Record]", http: httpx.AsyncClient
) -> list[str]:
    """What does not agree now."""
    ledger = (await http.get("/sandbox/ledger")).json()
    wrong = [] if ledger["sent"] else ["nobody wrote anything"]
    wrong += [what for what, query in NOWHERE.items() if not await _none(database, query)]
    return wrong + _phones(ledger, await database.fetch("SELECT * FROM outbox"))


async def _none(database: "asyncpg.Connection[asyncpg.Record]", query: str) -> bool:
    return not await database.fetch(query)


def _phones(ledger: dict[str, Any], outbox: list[Any]) -> list[str]:
    """What of the phones does not agree with what was sent."""
    shown = Counter(item["track_id"] for item in ledger["received"] if item["track_id"])
    ids = {item["track_id"]: item["messageid"] for item in ledger["received"]}
    sent = {str(row["id"]): row["external_id"] for row in outbox if row["status"] == "sent"}
    wrong = []
    if shown != (expected := Counter(dict.fromkeys(sent, 1))):
        rows = {str(row["id"]): row for row in outbox}
        odd = [
            _tell(each, shown[each], rows.get(each))
            for each in {*shown, *expected}
            if shown[each] != expected[each]
        ]
        wrong.append(f"{len(odd)} sends are not on a phone once: {odd[:5]}")
    if any(ids.get(track_id) != external_id for track_id, external_id in sent.items()):
        wrong.append("a row has another id than its message on the phone")
    phones = {item["phone"] for item in ledger["sent"]}
    found = audit_messages(ledger["sent"], ledger["received"], phones)
    if (found.twice, found.out_of_order) != (0, 0):
        wrong.append(f"twice or out of order: {found.examples}")
    return wrong


def _tell(track_id: str, times: int, row: Any) -> str:
    """A send that a phone does not show as its row says."""
    if row is None:
        return f"{track_id} is {times} times on a phone and has no row"
    columns = ("status", "kind", "origin", "attempts", "code", "external_id", "conversation_id")
    told = {each: str(row[each]) for each in columns}
    return f"{track_id} is {times} times on a phone: {told}"
