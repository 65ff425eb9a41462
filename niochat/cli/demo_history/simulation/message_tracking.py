"""What a simulated conversation knows of its messages and sends, as a step would load them."""

from dataclasses import replace

from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.decision import StoredMessage, StoredSend
from niochat.domain.ids import MessageId, OutboxId


class TrackedMessages:
    """The messages by the gateway's id, and the sends, kept up to date by effects."""

    def __init__(self) -> None:
        self.messages: dict[str, StoredMessage] = {}
        self.sends: dict[OutboxId, StoredSend] = {}
        self._by_id: dict[MessageId, StoredMessage] = {}
        self._external_ids: dict[MessageId, str] = {}

    @property
    def unsettled(self) -> int:
        """How many sends have no outcome yet."""
        return sum(send.status == "sending" for send in self.sends.values())

    def external_id_of(self, message: MessageId) -> str:
        """Returns the gateway's id of a message that was sent."""
        return self._external_ids[message]

    def store(self, effect: fx.StoreMessageEffect) -> None:
        """A message was stored."""
        stored = StoredMessage(
            effect.message, effect.author, effect.status, effect.version is not None, effect.sent_at
        )
        self._by_id[effect.message] = stored
        if effect.external_id is not None:
            self.messages[effect.external_id] = stored

    def update(self, effect: fx.UpdateMessageEffect) -> None:
        """The delivery status of a message advanced."""
        known = self._by_id[effect.message]
        self._replace(replace(known, status=effect.status or known.status))

    def start_send(self, effect: fx.QueueSendEffect) -> None:
        """A queued message is being sent: the simulated dispatcher claims it at once."""
        message = self._by_id[effect.message]
        self.sends[effect.outbox] = StoredSend(message, "sending", True, attempts=1)

    def settle_send(self, effect: fx.SettleOutboxEffect) -> None:
        """A send ended."""
        send = replace(self.sends[effect.outbox], status=effect.status)
        self.sends[effect.outbox] = send
        if effect.external_id is not None:
            self.messages[effect.external_id] = send.message
            self._external_ids[send.message.id] = effect.external_id

    def _replace(self, message: StoredMessage) -> None:
        self._by_id[message.id] = message
        for external, known in self.messages.items():
            if known.id == message.id:
                self.messages[external] = message
        for outbox, send in self.sends.items():
            if send.message.id == message.id:
                self.sends[outbox] = replace(send, message=message)
