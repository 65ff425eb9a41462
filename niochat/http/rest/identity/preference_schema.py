"""The schema of the preferences of a user."""

from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import Field, model_validator

from niochat.domain.conversation.state import ConversationStatus
from niochat.http.api.schemas import RequestModel, Slug
from niochat.live.frames import PriorityName

MAX_FOLDERS = 50
"""Maximum number of folders of a user."""
MAX_FILTER_VALUES = 20
"""Maximum number of values of one filter of a folder."""
PanelSection = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
FolderName = Annotated[str, Field(min_length=1, max_length=60)]
FolderId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class DeskLanguage(StrEnum):
    """A language of the screens."""

    PORTUGUESE = "pt-BR"
    ENGLISH = "en"


class DeskTheme(StrEnum):
    """The colours of the screens; ``system`` follows the device."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class SendShortcut(StrEnum):
    """The key that sends a message."""

    ENTER = "enter"
    CTRL_ENTER = "ctrl_enter"


class ListPreset(StrEnum):
    """The tabs over the list of conversations: ``default`` (Minhas, Não atribuídas, Com IA, Todas)
    or ``brazilian`` (Atendendo, Aguardando, Encerrados).
    """

    DEFAULT = "default"
    BRAZILIAN = "brazilian"


class DisplayDensity(StrEnum):
    """How much a list shows at once."""

    COMFORTABLE = "comfortable"
    COMPACT = "compact"


class NotificationSound(StrEnum):
    """A sound of the screens, or none."""

    OFF = "off"
    CHIME = "chime"
    BELL = "bell"
    POP = "pop"
    DING = "ding"
    KNOCK = "knock"


class SoundPreferences(RequestModel):
    """The sound of each kind of event. ``volume`` in percent."""

    new_message: NotificationSound = NotificationSound.POP
    new_conversation: NotificationSound = NotificationSound.CHIME
    mention: NotificationSound = NotificationSound.DING
    volume: Annotated[int, Field(ge=0, le=100)] = 70


class NotificationKinds(RequestModel):
    """Whether each kind of event notifies: a customer's message in a conversation of the user, a
    conversation that was assigned or transferred to the user, a mention in a note, and a
    conversation that begins to wait in a queue of the user's teams.
    """

    new_message: bool = True
    assignment: bool = True
    mention: bool = True
    new_conversation: bool = True


class NotificationPreferences(RequestModel):
    """Notifications inside the page and by Web Push. With ``hide_text`` a push notification has
    neither the name of the contact nor the text of the message.
    """

    in_page: NotificationKinds = Field(default_factory=NotificationKinds)
    push: NotificationKinds = Field(default_factory=NotificationKinds)
    hide_text: bool = False


class FolderSort(StrEnum):
    """The order of conversations in a folder."""

    WAITING = "waiting"
    LAST_MESSAGE = "last_message"
    OPENING = "opening"
    DUE = "due"


Value = TypeVar("Value")
FilterValues = Annotated[list[Value], Field(max_length=MAX_FILTER_VALUES)]
FilterAgent = Annotated[str, Field(pattern=r"^(me|none|[0-9a-f-]{36})$")]


class FolderFilter(RequestModel):
    """The conversations of a folder: those that have one of the values of each field. An empty
    list does not limit the folder. ``agent`` holds ids of users, ``me`` or ``none``.
    """

    team: FilterValues[Slug] = Field(default_factory=list)
    channel: FilterValues[Annotated[str, Field(max_length=64)]] = Field(default_factory=list)
    label: FilterValues[Slug] = Field(default_factory=list)
    status: FilterValues[ConversationStatus] = Field(default_factory=list)
    priority: FilterValues[PriorityName] = Field(default_factory=list)
    agent: FilterValues[FilterAgent] = Field(default_factory=list)
    sort: FolderSort | None = None


class SavedFolder(RequestModel):
    """A saved filter of the list of conversations. ``id`` is chosen by the client."""

    id: FolderId
    name: FolderName
    filter: FolderFilter = Field(default_factory=FolderFilter)


class SidePanelPreferences(RequestModel):
    """The sections of the side panel: their order, and those that are open. Sections that
    ``order`` does not name follow in the order of the product.
    """

    order: Annotated[list[PanelSection], Field(max_length=30)] = Field(default_factory=list)
    open: Annotated[list[PanelSection], Field(max_length=30)] = Field(default_factory=list)


class PreferencesDocument(RequestModel):
    """All preferences of a user. A field that is left out has its default."""

    language: DeskLanguage = DeskLanguage.PORTUGUESE
    theme: DeskTheme = DeskTheme.SYSTEM
    send_with: SendShortcut = SendShortcut.ENTER
    list_preset: ListPreset = ListPreset.DEFAULT
    density: DisplayDensity = DisplayDensity.COMFORTABLE
    sounds: SoundPreferences = Field(default_factory=SoundPreferences)
    notifications: NotificationPreferences = Field(default_factory=NotificationPreferences)
    folders: Annotated[list[SavedFolder], Field(max_length=MAX_FOLDERS)] = Field(
        default_factory=list
    )
    side_panel: SidePanelPreferences = Field(default_factory=SidePanelPreferences)

    @model_validator(mode="after")
    def _has_unique_folders(self) -> "PreferencesDocument":
        ids = [folder.id for folder in self.folders]
        if len(set(ids)) < len(ids):
            raise ValueError("two folders have the same id")
        return self
