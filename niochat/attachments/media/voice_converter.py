"""Converts recordings to voice notes, in processes with limits (:mod:`.voice_worker`)."""

import asyncio
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import structlog

from niochat.domain.conversation.file_reading import MAX_VOICE_SECONDS
from niochat.domain.errors import InvalidInputError, NiochatError, UnavailableError

_log = structlog.get_logger(__name__)
_WORKER = Path(__file__).with_name("voice_worker.py")
MAX_CONCURRENT = 2
MAX_WAITING = 16
TIMEOUT_S = 30.0
_ERRORS = {
    "not_audio": "The recording cannot be read. Record it again, or send it as a file with "
    "as_voice=false.",
    "empty": "The recording has no sound. Record it again.",
    "too_long": f"A voice note has at most {MAX_VOICE_SECONDS // 60} minutes. Send the recording "
    "as a file with as_voice=false.",
}


@dataclass(frozen=True, slots=True)
class VoiceNote:
    """A voice note of WhatsApp: mono Opus in Ogg. ``waveform`` has 64 values from 0 to 100."""

    data: bytes
    duration_s: float
    waveform: tuple[int, ...]


def is_recording(data: bytes) -> bool:
    """Whether the file looks like what browsers record: Opus in Ogg, or WebM."""
    opus = data.startswith(b"OggS") and b"OpusHead" in data[:128]
    return opus or data.startswith(b"\x1aE\xdf\xa3")


class VoiceConverter:
    """Converts recordings of all tenants, ``MAX_CONCURRENT`` at a time."""

    def __init__(
        self,
        *,
        worker: Path = _WORKER,
        timeout_s: float = TIMEOUT_S,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._worker, self._timeout_s = worker, timeout_s
        self._max_pending = MAX_CONCURRENT + max_waiting
        self._threads: ThreadPoolExecutor | None = None
        self._pending = 0

    async def convert(self, data: bytes) -> VoiceNote:
        """Return the recording as a voice note; one that is a voice note already keeps its bytes.

        Raises ``InvalidInputError`` (``not_audio``, ``empty``, ``too_long``) and
        ``UnavailableError`` if too many recordings wait or the conversion failed.
        """
        if self._pending >= self._max_pending:
            raise UnavailableError("Too many recordings are being converted. Try again soon.")
        if self._threads is None:
            self._threads = ThreadPoolExecutor(MAX_CONCURRENT, "voice")
        self._pending += 1
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, _run_worker, self._worker, self._timeout_s, data
        )
        work.add_done_callback(self._finish)
        result = await asyncio.shield(work)
        if isinstance(result, NiochatError):
            raise result
        return result

    def _finish(self, _: object) -> None:
        """Also after its request was cancelled: the process has ended only now."""
        self._pending -= 1


def _run_worker(worker: Path, timeout_s: float, data: bytes) -> VoiceNote | NiochatError:
    command = [sys.executable, "-I", str(worker)]
    environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=timeout_s, env=environment
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        _log.warning("voice_not_converted", reason=type(error).__name__)
        return UnavailableError("The recording could not be converted. Try again.")
    line, _, note = done.stdout.partition(b"\n")
    if done.returncode != 0 or not line:
        # The decoder crashed or hit a limit: that is the recording's fault, not the server's.
        _log.warning("voice_worker_died", exit_code=done.returncode, error=done.stderr[-500:])
        return _error("not_audio")
    facts = json.loads(line)
    if "error" in facts:
        return _error(facts["error"])
    return VoiceNote(note, facts["duration_s"], tuple(facts["waveform"]))


def _error(code: str) -> InvalidInputError:
    return InvalidInputError(_ERRORS[code], code=code)
