"""The services for subscribers in a process of the API."""

from dataclasses import dataclass

from niochat.adapters.postgres.database import Database
from niochat.conversations.contacts import ContactStore
from niochat.erp.write_journal import ErpWriteJournal
from niochat.ports.erp import AgentErpClient
from niochat.subscribers.agent_writes import AgentErpWriter
from niochat.subscribers.erp_gate import GatedErpClient
from niochat.subscribers.invoice_messages import InvoicePreparer
from niochat.subscribers.subscriber_reader import LoadErp, SubscriberReader


@dataclass(frozen=True, slots=True)
class SubscriberServices:
    """The services of one replica."""

    reader: SubscriberReader
    invoices: InvoicePreparer
    writer: AgentErpWriter


def build_subscriber_services(
    database: Database, contacts: ContactStore, erp: AgentErpClient, load_erp: LoadErp
) -> SubscriberServices:
    """Build the services. ``erp`` calls the ERP pool; ``load_erp`` returns a tenant's ERP."""
    gate = GatedErpClient(erp)
    reader = SubscriberReader(database, contacts, gate, load_erp)
    return SubscriberServices(
        reader, InvoicePreparer(reader), AgentErpWriter(gate, ErpWriteJournal(database), reader)
    )
