"""The assistant of one pool replica."""

from niochat.adapters.openai.model import Models
from niochat.assistant.turn import Assistant
from niochat.config import Settings
from niochat.wiring.parts import open_parts


async def open_assistant(settings: Settings) -> Assistant:
    """An assistant on connections of its own."""
    parts = await open_parts(settings)
    return Assistant(parts.database, Models(), parts.directory.assistant)
