"""The messages the gateway keeps of one instance, as `/message/find` answers them."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from niochat_sandbox.http_json import encode_json


@dataclass(slots=True)
class ArchivedMessage:
    """A message in the webhook's shape, as JSON bytes: a third of a dict's memory."""

    messageid: str
    chatid: str
    chatlid: str
    track_id: str
    body: bytes

    def decode(self) -> dict[str, Any]:
        """The message as a dict of its own."""
        message: dict[str, Any] = orjson.loads(self.body)
        return message


@dataclass(slots=True)
class GatewayMessageStore:
    """Newest last inside; every answer is newest first."""

    messages: list[ArchivedMessage] = field(default_factory=list)
    by_id: dict[str, ArchivedMessage] = field(default_factory=dict)
    by_chat: dict[str, list[ArchivedMessage]] = field(default_factory=dict)
    by_track: dict[str, list[ArchivedMessage]] = field(default_factory=dict)

    def add(self, message: dict[str, Any]) -> ArchivedMessage:
        """Stores a message in the webhook's shape."""
        kept = ArchivedMessage(
            messageid=message["messageid"],
            chatid=message["chatid"],
            chatlid=message["chatlid"],
            track_id=message["track_id"],
            body=encode_json(message),
        )
        self.messages.append(kept)
        self.by_id[kept.messageid] = kept
        for chat in {kept.chatid, kept.chatlid} - {""}:
            self.by_chat.setdefault(chat, []).append(kept)
        if kept.track_id:
            self.by_track.setdefault(kept.track_id, []).append(kept)
        return kept

    def get(self, reference: str) -> ArchivedMessage | None:
        """By `messageid` or by `owner:messageid`."""
        return self.by_id.get(reference.rpartition(":")[2])

    def update(self, messageid: str, **changes: Any) -> None:
        """Overwrites fields of a kept message; unknown ids are ignored."""
        kept = self.by_id.get(messageid)
        if kept is not None:
            kept.body = encode_json({**kept.decode(), **changes})

    def find(
        self, *, reference: str, chatid: str, track_id: str, limit: int, offset: int
    ) -> tuple[list[ArchivedMessage], int]:
        """A page, newest first, and how many match in all. Empty filters match everything."""
        matches = self._candidates(reference, chatid, track_id)
        end = max(0, len(matches) - offset)
        return matches[max(0, end - limit) : end][::-1], len(matches)

    def _candidates(self, reference: str, chatid: str, track_id: str) -> list[ArchivedMessage]:
        if reference:
            kept = self.get(reference)
            return [kept] if kept is not None else []
        if track_id:
            tracked = self.by_track.get(track_id, [])
            return [kept for kept in tracked if chatid in ("", kept.chatid, kept.chatlid)]
        return self.by_chat.get(chatid, []) if chatid else self.messages
