"""Checks the form of addresses in the settings."""

from niochat.adapters.file_store import FileStore
from niochat.adapters.smtp import SmtpClient
from niochat.config import Settings


def check_addresses(settings: Settings) -> None:
    """Raises ``InvalidInputError`` that names the variable. Nothing is connected."""
    FileStore.from_url(settings.files_url)
    if settings.smtp_url is not None:
        SmtpClient(settings.smtp_url.get_secret_value())
