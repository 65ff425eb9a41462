"""The text of a PDF, by a process of its own: what strangers send may eat memory and time."""

import asyncio
import io
import os
import resource
import subprocess
import sys

WITHIN_S = 10
"""For one file, of a core as of the clock."""
MOST_MEMORY = 512 * 2**20
MOST_PAGES = 4
MOST_TEXT = 20_000
"""Characters that are looked at; a boleto has a twentieth of it."""


async def text_of(data: bytes) -> str | None:
    """Its text, empty for a scan; ``None`` where nobody can read it, or not within bounds."""
    return await asyncio.to_thread(_apart, data)


def _apart(data: bytes) -> str | None:
    command = [sys.executable, "-I", "-c", _RUN, *sys.path]
    try:
        # Without our environment: its secrets are none of that process's.
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=WITHIN_S + 1, check=False, env={}
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    return done.stdout.decode("utf-8", "replace")[:MOST_TEXT] if done.returncode == 0 else None


_RUN = (
    "import sys; sys.path[:] = sys.argv[1:]; from niochat.attachments.pdf_text import main; main()"
)


def main() -> None:
    """A PDF from its input, its text to its output; bounds itself first."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (WITHIN_S, WITHIN_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    import logging

    from pypdf import PdfReader

    logging.disable()
    pages = PdfReader(io.BytesIO(sys.stdin.buffer.read()), strict=False).pages
    text = ""
    for page in pages[:MOST_PAGES]:
        text += page.extract_text() + "\n"
        if len(text) > MOST_TEXT:
            break
    sys.stdout.buffer.write(text.strip()[:MOST_TEXT].encode("utf-8", "replace"))
    sys.stdout.flush()
    os._exit(0)
