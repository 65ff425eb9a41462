"""The stored messages of one instance, which ``/message/find`` returns."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from niochat_sandbox.http_json import encode_json


@dataclass(slots=True)
class ArchivedMessage:
    """A message in the webhook's format, as JSON bytes, which need a third of a dict's memory."""

    messageid: str
    chatid: str
    chatlid: str
    track_id: str
    body: bytes

    def decode(self) -> dict[str, Any]:
        """Decode the message into a new dict."""
        message: dict[str, Any] = orjson.loads(self.body)
        return message


@dataclass(slots=True)
class GatewayMessageStore:
    """Messages in the order of arrival, indexed by id, chat and track id; results are
    newest first.
    """

    messages: list[ArchivedMessage] = field(default_factory=list)
    by_id: dict[str, ArchivedMessage] = field(default_factory=dict)
    by_chat: dict[str, list[ArchivedMessage]] = field(default_factory=dict)
    by_track: dict[str, list[ArchivedMessage]] = field(default_factory=dict)

    def add(self, message: dict[str, Any]) -> ArchivedMessage:
        """Store a message in the webhook's format."""
        stored = ArchivedMessage(
            messageid=message["messageid"],
            chatid=message["chatid"],
            chatlid=message["chatlid"],
            track_id=message["track_id"],
            body=encode_json(message),
        )
        self.messages.append(stored)
        self.by_id[stored.messageid] = stored
        for chat in {stored.chatid, stored.chatlid} - {""}:
            self.by_chat.setdefault(chat, []).append(stored)
        if stored.track_id:
            self.by_track.setdefault(stored.track_id, []).append(stored)
        return stored

    def get(self, reference: str) -> ArchivedMessage | None:
        """Find a message by ``messageid`` or ``owner:messageid``."""
        return self.by_id.get(reference.rpartition(":")[2])

    def update(self, messageid: str, **changes: Any) -> None:
        """Overwrite fields of a stored message; unknown ids are ignored."""
        stored = self.by_id.get(messageid)
        if stored is not None:
            stored.body = encode_json({**stored.decode(), **changes})

    def find(
        self, *, reference: str, chatid: str, track_id: str, limit: int, offset: int
    ) -> tuple[list[ArchivedMessage], int]:
        """Return a page, newest first, and the number of all matches. An empty filter matches
        everything.
        """
        matches = self._candidates(reference, chatid, track_id)
        end = max(0, len(matches) - offset)
        return matches[max(0, end - limit) : end][::-1], len(matches)

    def _candidates(self, reference: str, chatid: str, track_id: str) -> list[ArchivedMessage]:
        if reference:
            stored = self.get(reference)
            return [stored] if stored is not None else []
        if track_id:
            tracked = self.by_track.get(track_id, [])
            return [stored for stored in tracked if chatid in ("", stored.chatid, stored.chatlid)]
        return self.by_chat.get(chatid, []) if chatid else self.messages
