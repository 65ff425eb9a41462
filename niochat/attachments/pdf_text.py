"""Extracts the text of a PDF in a separate process: a hostile file can exhaust memory and time."""

import asyncio
import io
import os
import resource
import subprocess
import sys

EXTRACTION_TIMEOUT_S = 10
"""Seconds for one file, of CPU time and of wall time."""
MAX_MEMORY_BYTES = 512 * 2**20
MAX_PAGES = 4
MAX_TEXT_CHARS = 20_000
"""The most characters that are extracted; a boleto has a twentieth of them."""


async def extract_pdf_text(data: bytes) -> str | None:
    """The text, empty for a scan; ``None`` when it cannot be extracted within the limits."""
    return await asyncio.to_thread(_run_subprocess, data)


def _run_subprocess(data: bytes) -> str | None:
    command = [sys.executable, "-I", "-c", _SUBPROCESS_CODE, *sys.path]
    try:
        # The environment is empty, so that the process does not see our secrets.
        completed = subprocess.run(
            command,
            input=data,
            capture_output=True,
            timeout=EXTRACTION_TIMEOUT_S + 1,
            check=False,
            env={},
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    return (
        completed.stdout.decode("utf-8", "replace")[:MAX_TEXT_CHARS]
        if completed.returncode == 0
        else None
    )


_SUBPROCESS_CODE = (
    "import sys; sys.path[:] = sys.argv[1:]; from niochat.attachments.pdf_text import main; main()"
)


def main() -> None:
    """Write the text of the PDF on standard input to standard output, within limits."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (EXTRACTION_TIMEOUT_S, EXTRACTION_TIMEOUT_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    import logging

    from pypdf import PdfReader

    logging.disable()
    pages = PdfReader(io.BytesIO(sys.stdin.buffer.read()), strict=False).pages
    text = ""
    for page in pages[:MAX_PAGES]:
        text += page.extract_text() + "\n"
        if len(text) > MAX_TEXT_CHARS:
            break
    sys.stdout.buffer.write(text.strip()[:MAX_TEXT_CHARS].encode("utf-8", "replace"))
    sys.stdout.flush()
    os._exit(0)
