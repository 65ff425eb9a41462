"""The messages the gateway keeps of one instance, as `/message/find` answers them."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from niochat.sandbox.rim import kept_json


@dataclass(slots=True)
class Kept:
    """A message in the webhook's shape, as JSON bytes: a third of a dict's memory."""

    messageid: str
    chatid: str
    chatlid: str
    track_id: str
    body: bytes

    def message(self) -> dict[str, Any]:
        """The message as a dict of its own."""
        message: dict[str, Any] = orjson.loads(self.body)
        return message


@dataclass(slots=True)
class Archive:
    """Newest last inside; every answer is newest first."""

    everything: list[Kept] = field(default_factory=list)
    by_id: dict[str, Kept] = field(default_factory=dict)
    by_chat: dict[str, list[Kept]] = field(default_factory=dict)
    by_track: dict[str, list[Kept]] = field(default_factory=dict)

    def keep(self, message: dict[str, Any]) -> Kept:
        """Stores a message in the webhook's shape."""
        kept = Kept(
            messageid=message["messageid"],
            chatid=message["chatid"],
            chatlid=message["chatlid"],
            track_id=message["track_id"],
            body=kept_json(message),
        )
        self.everything.append(kept)
        self.by_id[kept.messageid] = kept
        for chat in {kept.chatid, kept.chatlid} - {""}:
            self.by_chat.setdefault(chat, []).append(kept)
        if kept.track_id:
            self.by_track.setdefault(kept.track_id, []).append(kept)
        return kept

    def get(self, reference: str) -> Kept | None:
        """By `messageid` or by `owner:messageid`."""
        return self.by_id.get(reference.rpartition(":")[2])

    def revise(self, messageid: str, **changes: Any) -> None:
        """Overwrites fields of a kept message; unknown ids are ignored."""
        kept = self.by_id.get(messageid)
        if kept is not None:
            kept.body = kept_json({**kept.message(), **changes})

    def find(
        self, *, reference: str, chatid: str, track_id: str, limit: int, offset: int
    ) -> tuple[list[Kept], int]:
        """A page, newest first, and how many match in all. Empty filters match everything."""
        matches = self._narrowest(reference, chatid, track_id)
        end = max(0, len(matches) - offset)
        return matches[max(0, end - limit) : end][::-1], len(matches)

    def _narrowest(self, reference: str, chatid: str, track_id: str) -> list[Kept]:
        if reference:
            kept = self.get(reference)
            return [kept] if kept is not None else []
        if track_id:
            tracked = self.by_track.get(track_id, [])
            return [kept for kept in tracked if chatid in ("", kept.chatid, kept.chatlid)]
        return self.by_chat.get(chatid, []) if chatid else self.everything
