"""The files of tenants: their metadata in rows, their bytes in the file store."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import PurePosixPath
from uuid import UUID, uuid4

from niochat.adapters.file_store import FileStore
from niochat.adapters.image_size import image_size
from niochat.adapters.postgres.database import Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.attachments.audio_duration import ogg_seconds
from niochat.attachments.file_type import safe_name, validate_upload
from niochat.attachments.media.voice_converter import VoiceConverter, is_recording
from niochat.domain.errors import InvalidInputError, NiochatError, NotFoundError
from niochat.ports.encryption import Encryptor

_SQL = queries("attachments")

MAX_FILE_BYTES = 16 * 2**20
"""WhatsApp's limit for pictures, audio and video."""
VOICE_MIMETYPE = "audio/ogg"
DOWNLOAD_TOKEN_TTL = timedelta(minutes=5)
_SEAL_PURPOSE = "file address"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A stored file. ``size`` in bytes; ``data`` when the database itself holds the bytes.

    ``voice``: it is sent as a voice note. ``width`` and ``height`` of a picture in pixels,
    ``duration_s`` and ``waveform`` (64 values from 0 to 100) of a voice note, if known.
    """

    tenant_id: UUID
    id: UUID
    mimetype: str
    filename: str
    size: int
    data: bytes | None = None
    voice: bool = False
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    waveform: Sequence[int] | None = None


class AttachmentStore:
    """The files of all tenants; every call names the tenant."""

    def __init__(self, database: Database, store: FileStore, seals: Encryptor) -> None:
        self._database = database
        self._store = store
        self._seals = seals
        self._voice = VoiceConverter()

    async def upload(
        self,
        tenant_id: UUID,
        user_id: UUID,
        filename: str,
        data: bytes,
        *,
        as_voice: bool | None = None,
    ) -> StoredFile:
        """Store an upload. ``as_voice``: convert it to a voice note; ``None``: only if it looks
        like a recording of a browser. Raises ``InvalidInputError``, ``UnavailableError``.
        """
        if not 0 < len(data) <= MAX_FILE_BYTES:
            raise InvalidInputError(
                f"A file must have 1 byte to {MAX_FILE_BYTES // 2**20} MiB. The file has "
                f"{len(data)} bytes.",
                code="file_size",
            )
        if as_voice or (as_voice is None and is_recording(data)):
            data, file = await self._convert_voice(tenant_id, filename, data)
        else:
            file = _describe(tenant_id, filename, data)
        # The bytes are stored first, because a row promises that they exist. Bytes without a
        # row are only wasted space.
        await self._store.put(object_key(tenant_id, file.id), data)
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(
                _SQL["add"],
                tenant_id,
                file.id,
                file.mimetype,
                file.filename,
                file.size,
                sha256(data).hexdigest(),
                user_id,
                file.voice,
                file.width,
                file.height,
                file.duration_s,
                file.waveform,
            )
        return file

    async def _convert_voice(
        self, tenant_id: UUID, filename: str, data: bytes
    ) -> tuple[bytes, StoredFile]:
        note = await self._voice.convert(data)
        name = f"{PurePosixPath(safe_name(filename, 'audio')).stem}.ogg"
        file = StoredFile(
            tenant_id,
            uuid4(),
            VOICE_MIMETYPE,
            name,
            len(note.data),
            voice=True,
            duration_s=note.duration_s,
            waveform=note.waveform,
        )
        return note.data, file

    async def find_upload(self, tenant_id: UUID, file_id: UUID) -> StoredFile:
        """A file that may be sent. Raises ``NotFoundError``."""
        return await self._find("find_upload", tenant_id, file_id)

    async def find(self, tenant_id: UUID, file_id: UUID) -> StoredFile:
        """A stored file. Raises ``NotFoundError``."""
        return await self._find("find", tenant_id, file_id)

    async def read_range(self, file: StoredFile, start: int, length: int) -> bytes:
        """``length`` bytes from ``start``. Raises ``NotFoundError``, ``UnavailableError``."""
        if file.data is not None:
            return file.data[start : start + length]
        data = await self._store.get_range(object_key(file.tenant_id, file.id), start, length)
        if data is None:
            raise NotFoundError("The file is no longer stored.")
        return data

    async def read_all(self, tenant_id: UUID, file_id: UUID) -> bytes | None:
        """All bytes of a file in the store; ``None`` when the store does not have it."""
        return await self._store.get(object_key(tenant_id, file_id))

    def create_download_token(self, file: StoredFile, now: datetime) -> tuple[str, datetime]:
        """A token that opens the file for a few minutes without signing in, and its expiry."""
        until = now + DOWNLOAD_TOKEN_TTL
        claims = json.dumps({"file": file.id.hex, "until": until.timestamp()})
        sealed = self._seals.seal(claims, tenant_id=file.tenant_id, purpose=_SEAL_PURPOSE)
        text = base64.urlsafe_b64encode(file.tenant_id.bytes + sealed).decode().rstrip("=")
        return text, until

    async def find_by_token(self, token: str, now: datetime) -> StoredFile:
        """The file of a token. Raises ``NotFoundError`` for a token that has expired, was altered,
        or was not issued here.
        """
        try:
            parts = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
            tenant_id = UUID(bytes=parts[:16])
            claims = json.loads(
                self._seals.open(parts[16:], tenant_id=tenant_id, purpose=_SEAL_PURPOSE)
            )
        except (ValueError, binascii.Error, NiochatError):
            raise _expired_token_error() from None
        if claims["until"] < now.timestamp():
            raise _expired_token_error()
        return await self.find(tenant_id, UUID(claims["file"]))

    async def delete_unused(self, limit: int = 500) -> None:
        """Delete files that were uploaded or prepared a day ago and never sent. Bytes are deleted
        before rows, so that the next run finds the rows again if the process dies in between.
        """
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_unused"], limit)
        for row in rows:
            if row["stored"]:
                await self._store.delete(object_key(row["tenant_id"], row["id"]))
        async with self._database.as_system() as connection:
            tenants, ids = [row["tenant_id"] for row in rows], [row["id"] for row in rows]
            await connection.execute(_SQL["delete_unused"], tenants, ids)

    async def _find(self, query: str, tenant_id: UUID, file_id: UUID) -> StoredFile:
        async with self._database.as_tenant(tenant_id) as connection:
            fields = await fetch_one(connection, _SQL[query], tenant_id, file_id, what="file")
        if fields.get("data") is not None:
            fields["size"] = len(fields["data"])
        return StoredFile(tenant_id, **fields)


def _describe(tenant_id: UUID, filename: str, data: bytes) -> StoredFile:
    file_type, name = validate_upload(data, filename), safe_name(filename, "arquivo")
    width, height = picture_size(data, file_type.mimetype)
    return StoredFile(
        tenant_id,
        uuid4(),
        file_type.mimetype,
        name,
        len(data),
        width=width,
        height=height,
        duration_s=ogg_seconds(data) or None,
    )


def picture_size(data: bytes, mimetype: str) -> tuple[int | None, int | None]:
    """Width and height of a picture; ``(None, None)`` for anything else."""
    size = image_size(data) if mimetype.startswith("image/") else None
    return size or (None, None)


def object_key(tenant_id: UUID, file_id: UUID) -> str:
    """The key of a file in the store, made of ids alone, never of a name."""
    return f"{tenant_id}/{file_id}"


def _expired_token_error() -> NotFoundError:
    return NotFoundError("The file URL has expired. Request another one.", code="address_over")
