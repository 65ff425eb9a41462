"""What each capture means, written out by hand."""

from datetime import UTC, datetime

from niochat.domain.conversation.commands import (
    ReceiveEdit,
    ReceiveMessage,
    ReceiveProviderPhoneMessage,
    ReceiveReaction,
    ReceiveSystemNotice,
)
from niochat.domain.message import MessageContent, MessageKind
from niochat.ports.gateway_events import ChannelConnectionChanged, IgnoredEvent

Stored = (
    ReceiveMessage
    | ReceiveProviderPhoneMessage
    | ReceiveReaction
    | ReceiveEdit
    | ReceiveSystemNotice
)
POLL = "AC43D6038EF558D3D928DC234D99E698"


def _at(hour: int, minute: int, second: int) -> datetime:
    return datetime(2026, 2, 12, hour, minute, second, tzinfo=UTC)


COMMANDS: dict[str, Stored] = {
    "user-chat__from-me__list.vote.other": ReceiveMessage(
        "AC0EB85C9CCDF011058D7C4D35850BF3",
        MessageContent(
            MessageKind.CHOICE, "Segunda via", {"choice_id": "segunda_via", "label": "Segunda via"}
        ),
        _at(19, 32, 15),
        reply_to="3EB0284BDE14A66FDE0F82",
    ),
    "user-chat__from-me__text.sent.event": ReceiveProviderPhoneMessage(
        "AC58819FD4A2C30AF320C811F2B7B396",
        MessageContent(MessageKind.TEXT, "Bom dia"),
        _at(19, 26, 42),
    ),
    "user-chat__from-others__audio.sent": ReceiveMessage(
        "ACBE1B0C8893C032B38E78DD298B4C6F",
        MessageContent(
            MessageKind.VOICE,
            "",
            {"mimetype": "audio/ogg; codecs=opus", "length": 6031, "seconds": 2},
        ),
        _at(19, 25, 31),
    ),
    "user-chat__from-others__contact.sent": ReceiveMessage(
        "ACAF516102E1B59F80A27065AF0E3B57",
        MessageContent(
            MessageKind.CONTACT,
            "Caio\nPhone (Celular): +55 81 96666-5555",
            {
                "name": "Caio",
                "vcard": "BEGIN:VCARD\nVERSION:3.0\nN:;Caio;;;\nFN:Caio\n"
                "item1.TEL;waid=5581966665555:+55 81 96666-5555\n"
                "item1.X-ABLabel:Celular\nEND:VCARD",
            },
        ),
        _at(19, 25, 11),
    ),
    "user-chat__from-others__emoji.sent": ReceiveMessage(
        "AC019B97BD229DC98859EABBF35CD249", MessageContent(MessageKind.TEXT, "🙏"), _at(19, 24, 43)
    ),
    "user-chat__from-others__file.sent": ReceiveMessage(
        "AC49943939F4D94D7C0A116F015E2AD1",
        MessageContent(
            MessageKind.DOCUMENT,
            "",
            {
                "mimetype": "application/pdf",
                "file_name": "Comprovante março.pdf",
                "length": 5607712,
                "page_count": 6,
            },
        ),
        _at(19, 24, 8),
    ),
    "user-chat__from-others__gif.sent": ReceiveMessage(
        "ACEEFDAEB8DA4D14B69DC75F09C635A3",
        MessageContent(
            MessageKind.VIDEO,
            "",
            {
                "mimetype": "video/mp4",
                "length": 305539,
                "seconds": 5,
                "width": 200,
                "height": 200,
                "gif": True,
            },
        ),
        _at(19, 22, 59),
    ),
    "user-chat__from-others__image.sent": ReceiveMessage(
        "AC5042E2B1167488C8334446A517EB79",
        MessageContent(
            MessageKind.IMAGE,
            "",
            {"mimetype": "image/jpeg", "length": 164005, "width": 900, "height": 1600},
        ),
        _at(19, 22, 29),
    ),
    "user-chat__from-others__location.sent": ReceiveMessage(
        "AC086C2C43C487A593D8E5963C26D636",
        MessageContent(MessageKind.LOCATION, "", {"latitude": -7.1195, "longitude": -34.845}),
        _at(19, 22, 11),
    ),
    "user-chat__from-others__poll.sent": ReceiveMessage(
        POLL,
        MessageContent(MessageKind.POLL, "Qual turno prefere?", {"options": ["Manhã", "Tarde"]}),
        _at(19, 20, 15),
    ),
    "user-chat__from-others__poll.vote.me": ReceiveSystemNotice(
        "AC0A306F9200F06C3307715691E75755", "pollUpdateMessage"
    ),
    "user-chat__from-others__poll.vote.other": ReceiveSystemNotice(
        "ACB05A5DCDA0FC04BE12F0FE71F521EC", "pollUpdateMessage"
    ),
    "user-chat__from-others__reaction.sent": ReceiveReaction(
        "AC479A3064B11FA535C100E59E560B8B",
        target="ACFB3018726483388FADB4B2AF7C6A4A",
        emoji="👍",
        from_provider=False,
    ),
    "user-chat__from-others__sticker.sent": ReceiveMessage(
        "ACD4CBBD93E3AA0D985B62DA9D06F678",
        MessageContent(
            MessageKind.STICKER,
            "",
            {
                "mimetype": "image/webp",
                "length": 279339,
                "width": 64,
                "height": 64,
                "animated": False,
            },
        ),
        _at(19, 19, 1),
    ),
    "user-chat__from-others__text.edited": ReceiveEdit(
        "AC439E83D0213E1BF89A13B74EE1EC60",
        target="AC17BA4C7C42105DAD4465E4503AD5B1",
        text="Boa tarde",
        edited_at=_at(19, 18, 44),
    ),
    "user-chat__from-others__text.sent": ReceiveMessage(
        "AC17BA4C7C42105DAD4465E4503AD5B1",
        MessageContent(MessageKind.TEXT, "Bom dia"),
        _at(19, 18, 21),
    ),
    "user-chat__from-others__video.sent": ReceiveMessage(
        "ACE3518B4B6BCF675BCEF859A1D9B36D",
        MessageContent(
            MessageKind.VIDEO,
            "",
            {
                "mimetype": "video/mp4",
                "length": 1185056,
                "seconds": 4,
                "width": 478,
                "height": 850,
            },
        ),
        _at(19, 17, 33),
    ),
}

NOT_STORED: dict[str, ChannelConnectionChanged | IgnoredEvent] = {
    "connection__connected.event": ChannelConnectionChanged("connected"),
    "connection__connecting.event": ChannelConnectionChanged("connecting"),
    "connection__disconnected.event": ChannelConnectionChanged(
        "disconnected", "401: logged out from another device"
    ),
    "group-chat__from-others__text.sent": IgnoredEvent("group"),
}
