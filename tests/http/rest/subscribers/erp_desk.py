"""An agent's view of the ERP: contacts that are its subscribers, and their conversations."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx

from niochat.adapters.postgres.database import Database
from niochat.composition.erp_factory import InProcessErpClient
from niochat.composition.subscriber_services import build_subscriber_services
from niochat.conversations.contacts import ContactStore
from niochat.erp.erp_service import ErpService
from niochat.erp.write_journal import ErpWriteJournal
from niochat.ports.audit import AuditActor, AuditActorKind
from niochat.subscribers.agent_writes import AgentErpWriter
from tests.erp.erp_service_harness import ErpServiceHarness
from tests.erp.sgp_installation_client import SgpInstallationClient
from tests.http.rest.conftest import ConversationFixture, RestApiFixture

Who = dict[str, str]
Body = dict[str, Any]


@dataclass
class ErpDesk:
    """``pool`` is the process of the ERP's pool that the API calls."""

    api: RestApiFixture
    database: Database
    sgp: SgpInstallationClient
    pool: ErpServiceHarness
    base_url: str

    @property
    def tenant(self) -> UUID:
        return self.api.house.tenant

    async def configure_erp(self, *, timeout_s: float = 10.0) -> None:
        sealed = self.api.house.vault.seal(
            self.sgp.token, tenant_id=self.tenant, purpose="erp token"
        )
        await self.api.house.admin.execute(
            "INSERT INTO erps (tenant_id, base_url, app, token_sealed, timeout_s)"
            " VALUES ($1, $2, 'niochat', $3, $4)",
            self.tenant,
            self.base_url,
            sealed,
            timeout_s,
        )

    def set_write_wait(self, wait_s: float) -> None:
        """How long a request waits for the outcome of a write."""
        services = self.api.services.subscribers
        writer = AgentErpWriter(
            InProcessErpClient(_service(self.pool)),
            ErpWriteJournal(self.database),
            services.reader,
            wait_s=wait_s,
        )
        self.api.with_services(subscribers=replace(services, writer=writer))

    async def customer(self, case: str, nth: int = 0) -> "Customer":
        """A subscriber of that case who wrote, with the CPF or CNPJ stored."""
        row = await self.sgp.subscriber(case, nth)
        visit = await self.api.conversation()
        customer = Customer(self, visit, await self.contact_of(visit), row)
        await customer.identify(row["cpf"])
        return customer

    async def contact_of(self, visit: ConversationFixture) -> UUID:
        (contact,) = await self.api.given.rows(
            "SELECT contact_id FROM threads WHERE id = $1", visit.thread
        )
        return UUID(str(contact))

    async def get(self, path: str, who: Who, **params: Any) -> httpx.Response:
        return await self.api.http.get(path, params=params, headers=who)


@dataclass
class Customer:
    """A contact with a conversation. ``row`` is the ERP's record."""

    desk: ErpDesk
    visit: ConversationFixture
    contact: UUID
    row: Body

    @property
    def contract(self) -> str:
        return str(self.row["contracts"][0]["id"])

    async def identify(self, document: str) -> None:
        """An administrator stores the CPF or CNPJ."""
        contacts = ContactStore(self.desk.database, self.desk.api.house.vault)
        actor = AuditActor(AuditActorKind.PRODUCT, "test")
        changes = {"document": document}
        await contacts.update_contact(self.desk.tenant, self.contact, changes, actor)

    async def subscribers(self, who: Who, **params: Any) -> Body:
        answer = await self.desk.get(f"/contacts/{self.contact}/subscribers", who, **params)
        assert answer.status_code == 200, answer.text
        body: Body = answer.json()
        return body

    async def of_contract(self, what: str, who: Who, **params: Any) -> httpx.Response:
        path = f"/contacts/{self.contact}/contracts/{self.contract}/{what}"
        return await self.desk.get(path, who, **params)

    async def post(
        self, what: str, who: Who, key: str | None = None, **body: object
    ) -> httpx.Response:
        """Act in the conversation on the first contract."""
        headers = who | ({"idempotency-key": key} if key else {})
        return await self.desk.api.http.post(
            f"/conversations/{self.visit.id}/{what}",
            json={"contract_id": self.contract, **body},
            headers=headers,
        )

    async def messages(self, who: Who) -> list[Body]:
        """Oldest first, without the customer's own."""
        path = f"/conversations/{self.visit.id}/messages"
        items: list[Body] = (await self.desk.get(path, who)).json()["items"]
        return [each for each in reversed(items) if each["author"] == "agent"]

    async def notes(self, who: Who) -> list[str]:
        return [each["text"] for each in await self.messages(who) if each["kind"] == "note"]


async def open_erp_desk(
    rest_api: RestApiFixture, database: Database, sgp: SgpInstallationClient, base_url: str
) -> ErpDesk:
    pool = ErpServiceHarness(database, vault=rest_api.house.vault)
    rest_api.with_services(
        subscribers=build_subscriber_services(
            database,
            ContactStore(database, rest_api.house.vault),
            InProcessErpClient(_service(pool)),
            pool.directory.erp,
        )
    )
    desk = ErpDesk(rest_api, database, sgp, pool, base_url)
    await desk.configure_erp()
    return desk


def _service(pool: ErpServiceHarness) -> ErpService:
    return ErpService(pool.calls, pool.writes, pool.prober, pool.reconciler)
