"""What every process works with: the rooms on one database."""

from dataclasses import dataclass

from niochat.accounts.directory import Directory
from niochat.adapters.files import FileStore
from niochat.adapters.guard import Guard
from niochat.adapters.postgres.database import Database
from niochat.adapters.redis.live import ACCESS, NEWS, PASSING, Announcements, Broadcast
from niochat.adapters.whatsapp.uazapi.administration import UazapiAdministration
from niochat.adapters.whatsapp.uazapi.client import Uazapi
from niochat.config import Settings
from niochat.conversation.views import ConversationInspector
from niochat.domain.gateway import GatewayAdmin, WhatsAppGateway
from niochat.inbox.accept import InboxStore
from niochat.inbox.backfill import Backfiller
from niochat.media.library import Library
from niochat.outbox.deliver import CredentialsOpener
from niochat.runtime.tasks import Owner
from niochat.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Parts:
    """What a process works with; opened once."""

    settings: Settings
    database: Database
    vault: Vault
    guard: Guard
    gateway: WhatsAppGateway
    administration: GatewayAdmin
    inbox: InboxStore
    backfill: Backfiller
    views: ConversationInspector
    directory: Directory
    announcements: Announcements
    news: Announcements
    access_changes: Announcements
    passing: Broadcast
    line_of: CredentialsOpener
    files: FileStore
    library: Library
    owner: Owner

    async def close(self) -> None:
        """Close connections."""
        self.owner.cancel()
        await self.gateway.close()
        await self.administration.close()
        await self.announcements.close()
        await self.news.close()
        await self.access_changes.close()
        await self.passing.close()
        await self.database.close()


async def open_parts(settings: Settings) -> Parts:
    """Open the rooms on one database. Nothing has to be up yet: first uses fail, not this."""
    database = await Database.open(settings.database_url.get_secret_value())
    vault = Vault.of(settings.vault_keys.get_secret_value())
    guard = Guard(settings.private_networks or ())
    gateway = Uazapi(guard=guard)
    inbox = InboxStore(database)
    directory = Directory(database, vault)
    announcements = Announcements(settings.redis_url.get_secret_value())
    files = FileStore.at(settings.files_url)
    owner = Owner("announcements")
    owner.start(announcements.listen(directory.forget, directory.forget_all))
    return Parts(
        settings=settings,
        database=database,
        vault=vault,
        guard=guard,
        gateway=gateway,
        administration=UazapiAdministration(guard=guard),
        inbox=inbox,
        backfill=Backfiller(database, inbox, gateway),
        views=ConversationInspector(database),
        directory=directory,
        announcements=announcements,
        news=Announcements(settings.redis_url.get_secret_value(), NEWS),
        access_changes=Announcements(settings.redis_url.get_secret_value(), ACCESS),
        passing=Broadcast(settings.redis_url.get_secret_value(), PASSING),
        line_of=directory.line,
        files=files,
        library=Library(database, files, vault),
        owner=owner,
    )
