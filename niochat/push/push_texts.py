"""What a notification says, in the language of its reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

MAX_BODY, MAX_TITLE = 120, 80
"""Characters of a notification."""

_KINDS = {
    "pt-BR": {
        "new_message": "Nova mensagem",
        "assignment": "Atendimento atribuído a você",
        "mention": "Você foi mencionado",
        "new_conversation": "Novo atendimento em espera",
    },
    "en": {
        "new_message": "New message",
        "assignment": "Conversation assigned to you",
        "mention": "You were mentioned",
        "new_conversation": "New waiting conversation",
    },
}
_FILES = {
    "pt-BR": {
        "image": "Foto",
        "video": "Vídeo",
        "voice": "Mensagem de voz",
        "audio": "Áudio",
        "document": "Documento",
        "sticker": "Figurinha",
        "location": "Localização",
        "contact": "Contato",
        "poll": "Enquete",
    },
    "en": {
        "image": "Photo",
        "video": "Video",
        "voice": "Voice message",
        "audio": "Audio",
        "document": "Document",
        "sticker": "Sticker",
        "location": "Location",
        "contact": "Contact",
        "poll": "Poll",
    },
}
_UNKNOWN_CONTACT = {"pt-BR": "Contato", "en": "Contact"}


@dataclass(frozen=True, slots=True)
class PushNotification:
    """A notification as the service worker gets it. One with the same ``tag`` replaces it."""

    kind: str
    conversation_id: UUID
    title: str
    body: str

    @property
    def tag(self) -> str:
        """The same for all notifications of one kind about one conversation."""
        return f"{self.kind}:{self.conversation_id}"

    def encode(self) -> bytes:
        """The notification as JSON."""
        return orjson.dumps(
            {
                "kind": self.kind,
                "conversation_id": str(self.conversation_id),
                "title": self.title,
                "body": self.body,
                "tag": self.tag,
            }
        )


def build_notification(row: Mapping[str, Any]) -> PushNotification:
    """The notification of a row of ``push_sends.sql:load``. With ``hide_text`` it says nothing of
    the contact and of the message.
    """
    language = row["language"] if row["language"] in _KINDS else "pt-BR"
    summary = _KINDS[language][row["kind"]]
    if row["hide_text"]:
        return PushNotification(row["kind"], row["conversation_id"], summary, "")
    title = _shorten(row["contact"] or _UNKNOWN_CONTACT[language], MAX_TITLE)
    body = _shorten(_body_of(row, language, summary), MAX_BODY)
    return PushNotification(row["kind"], row["conversation_id"], title, body)


def _body_of(row: Mapping[str, Any], language: str, summary: str) -> str:
    match row["kind"]:
        case "new_message":
            return row["text"] or _FILES[language].get(row["message_kind"], summary)
        case "mention":
            return f"{summary}: {row['text']}"
        case "new_conversation" if row["team"]:
            return f"{summary}: {row['team']}"
        case _:
            return summary


def _shorten(text: str, limit: int) -> str:
    words = " ".join(text[: 4 * limit].split())
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"
