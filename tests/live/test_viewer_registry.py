"""Viewers are forgotten when they leave, and when nothing repeats them."""

from uuid import uuid4

from niochat.domain.permissions import ConversationOwner
from niochat.live import viewer_registry
from niochat.live.ephemeral_frames import FrameEnvelope, TypingFrame, ViewingFrame
from niochat.live.viewer_registry import VIEWING_TTL_S, ViewerRegistry


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_viewer_without_a_repeat_is_gone() -> None:
    clock, tenant = Clock(), uuid4()
    viewers = ViewerRegistry(clock)
    holder = ConversationOwner("ana", None)

    def views(conversation: object, user: object, viewing: bool = True) -> None:
        frame = ViewingFrame.model_validate(
            {"conversation_id": conversation, "user_id": user, "viewing": viewing}
        )
        viewers.record(FrameEnvelope.wrap(tenant, frame, holder))

    first, second, ana, rui = (uuid4() for _ in range(4))
    views(first, ana)
    clock.now += VIEWING_TTL_S / 2
    views(second, rui)
    views(first, ana)
    typing = TypingFrame(conversation_id=first, user_id=ana, typing=True)
    viewers.record(FrameEnvelope.wrap(tenant, typing, holder))
    assert len(list(viewers.frames_of(tenant))) == 2
    assert list(viewers.frames_of(uuid4())) == []
    clock.now += VIEWING_TTL_S
    views(second, rui)
    assert len(list(viewers.frames_of(tenant))) == 2, "at the very end of its time"
    clock.now += 1
    ((frame, owner),) = viewers.frames_of(tenant)
    assert (str(second).encode() in frame, owner) == (True, holder)
    views(second, rui, viewing=False)
    assert list(viewers.frames_of(tenant)) == []


def test_the_number_of_viewers_is_bounded() -> None:
    tenant, viewers = uuid4(), ViewerRegistry(Clock())
    most = viewer_registry.MAX_VIEWERS
    for _ in range(most + 3):
        frame = ViewingFrame(conversation_id=uuid4(), user_id=uuid4(), viewing=True)
        viewers.record(FrameEnvelope.wrap(tenant, frame))
    assert len(list(viewers.frames_of(tenant))) == most
