"""Recordings of browsers and phones become voice notes of WhatsApp."""

import asyncio
from pathlib import Path

import pytest

from niochat.attachments.media.voice_converter import VoiceConverter, is_recording
from niochat.attachments.media.voice_worker import MAX_SECONDS, is_voice_note
from niochat.domain.conversation.file_reading import MAX_VOICE_SECONDS
from niochat.domain.errors import InvalidInputError, UnavailableError
from niochat_sandbox.voice_notes import build_voice_note
from tests.attachments.media.recordings import encode_tone

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("webm", "libopus", 48_000),
        ("ogg", "libopus", 48_000),
        ("mp4", "aac", 44_100),
        ("adts", "aac", 44_100),
        ("mp3", "libmp3lame", 44_100),
        ("wav", "pcm_s16le", 22_050),
    ],
)
async def test_every_format_becomes_a_voice_note(container: str, codec: str, rate: int) -> None:
    note = await VoiceConverter().convert(encode_tone(container, codec, rate=rate))

    assert is_voice_note(note.data)
    assert note.duration_s == pytest.approx(1.0, abs=0.15)
    assert len(note.waveform) == 64
    assert max(note.waveform) == 100
    assert note.waveform[8] < note.waveform[32] < note.waveform[56], "the tone grows louder"
    assert len(note.data) < 24_000 / 8 * 2


async def test_a_voice_note_keeps_its_bytes() -> None:
    data = encode_tone("ogg", "libopus", layout="mono")
    assert (await VoiceConverter().convert(data)).data == data


async def test_opus_without_a_pre_skip_is_converted() -> None:
    data = build_voice_note("oi", 2.0)
    assert not is_voice_note(data)
    note = await VoiceConverter().convert(data)
    assert is_voice_note(note.data)
    assert note.waveform == (0,) * 64, "silence"


@pytest.mark.parametrize(
    "data",
    [
        b"MZ not a sound at all",
        b"OggS" + bytes(400),
        b"\x1aE\xdf\xa3" + bytes(4_000),
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        encode_tone("webm", "libopus")[:150],
    ],
)
async def test_what_is_no_recording_is_rejected(data: bytes) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await VoiceConverter().convert(data)
    assert refused.value.code in ("not_audio", "empty")


async def test_a_recording_that_is_too_long_is_rejected() -> None:
    assert MAX_SECONDS == MAX_VOICE_SECONDS
    with pytest.raises(InvalidInputError) as refused:
        await VoiceConverter().convert(build_voice_note("oi", MAX_SECONDS + 5))
    assert refused.value.code == "too_long"


async def test_a_worker_that_hangs_is_ended(tmp_path: Path) -> None:
    hanging = tmp_path / "worker.py"
    hanging.write_text("import threading; threading.Event().wait()\n")
    converter = VoiceConverter(worker=hanging, timeout_s=0.5)
    for _ in range(4):  # more than may run at once: each of them has ended
        with pytest.raises(UnavailableError):
            await converter.convert(b"x")


async def test_a_worker_that_dies_is_the_recordings_fault(tmp_path: Path) -> None:
    dying = tmp_path / "worker.py"
    dying.write_text("import os; os.kill(os.getpid(), 11)\n")
    with pytest.raises(InvalidInputError) as refused:
        await VoiceConverter(worker=dying).convert(b"x")
    assert refused.value.code == "not_audio"


async def test_a_flood_of_recordings_is_rejected() -> None:
    converter, data = VoiceConverter(max_waiting=1), encode_tone("ogg", "libopus", layout="mono")

    results = await asyncio.gather(
        *(converter.convert(data) for _ in range(6)), return_exceptions=True
    )

    refused = [each for each in results if isinstance(each, UnavailableError)]
    assert (len(refused), len(results) - len(refused)) == (3, 3)
    assert (await converter.convert(data)).data == data


async def test_only_recordings_of_browsers_are_converted_unasked() -> None:
    assert is_recording(encode_tone("webm", "libopus"))
    assert is_recording(encode_tone("ogg", "libopus"))
    assert not is_recording(encode_tone("mp3", "libmp3lame"))
    assert not is_recording(b"")
