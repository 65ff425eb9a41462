"""A program that converts one recording to a voice note of WhatsApp: mono Opus in Ogg.

It runs in a process of its own, with the limits below, because the bytes come from outside and a
decoder reads them. It imports nothing of NioChat and gets no environment of it.

Standard input is the recording. Standard output is one line of JSON and then the voice note:
``{"duration_s": …, "waveform": […], "converted": …}``. If it fails, the line is
``{"error": "<code>"}`` with ``not_audio``, ``too_long`` or ``empty``.
"""

import array
import contextlib
import io
import json
import resource
import sys
from collections.abc import Iterator
from typing import Any

import av
from av.audio.resampler import AudioResampler

RATE = 48_000
BIT_RATE = 24_000
MAX_SECONDS = 600
WAVEFORM_VALUES = 64
PEAK_SAMPLES = RATE // 50
MAX_MEMORY_BYTES = 2 * 2**30
"""Of address space, most of which the libraries only reserve."""
MAX_CPU_S = 25
CONTAINERS = "ogg,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,wav,aac,amr"
CODECS = (
    "opus,libopus,vorbis,libvorbis,aac,aac_fixed,mp3,mp3float,amrnb,amrwb,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s32le,pcm_f32le,pcm_u8,pcm_alaw,pcm_mulaw"
)


class RecordingError(Exception):
    """The recording cannot be a voice note; the text is the code."""


def main() -> None:
    """Convert standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S + 1))
    data = sys.stdin.buffer.read()
    try:
        facts, note = convert(data)
    except RecordingError as error:
        facts, note = {"error": str(error)}, b""
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + note)


def convert(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the facts and the voice note: ``data`` itself if it is one already. Raises
    ``RecordingError``.
    """
    keep = is_voice_note(data)
    output = io.BytesIO()
    peaks: list[int] = []
    samples = 0
    with contextlib.ExitStack() as stack:
        add = None if keep else stack.enter_context(_encoder(output))
        for frame in _decode(data):
            samples += frame.samples
            if samples > MAX_SECONDS * RATE:
                raise RecordingError("too_long")
            peaks += _peaks(frame)
            if add is not None:
                add(frame)
    if samples == 0:
        raise RecordingError("empty")
    facts = {
        "duration_s": round(samples / RATE, 2),
        "waveform": waveform(peaks),
        "converted": not keep,
    }
    return facts, data if keep else output.getvalue()


def is_voice_note(data: bytes) -> bool:
    """Whether the data is mono Opus in Ogg with a pre-skip, which WhatsApp plays as it is (RFC
    7845, 5.1).
    """
    at = data.find(b"OpusHead", 0, 128)
    if not data.startswith(b"OggS") or at < 0 or len(data) < at + 19:
        return False
    version, channels = data[at + 8], data[at + 9]
    pre_skip = int.from_bytes(data[at + 10 : at + 12], "little")
    return version < 16 and channels == 1 and pre_skip > 0


def waveform(peaks: list[int]) -> list[int]:
    """Return the loudness as ``WAVEFORM_VALUES`` values from 0 to 100, the loudest being 100."""
    loudest = max(peaks, default=0)
    if loudest == 0:
        return [0] * WAVEFORM_VALUES
    values = []
    for number in range(WAVEFORM_VALUES):
        start = number * len(peaks) // WAVEFORM_VALUES
        end = max((number + 1) * len(peaks) // WAVEFORM_VALUES, start + 1)
        values.append(round(100 * max(peaks[start:end], default=0) / loudest))
    return values


def _decode(data: bytes) -> Iterator[Any]:
    """Yield the sound in frames: mono, 16 bit, ``RATE``."""
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    options = {"format_whitelist": CONTAINERS, "codec_whitelist": CODECS}
    try:
        with av.open(io.BytesIO(data), "r", options=options) as container:
            if not container.streams.audio:
                raise RecordingError("not_audio")
            container.streams.audio[0].codec_context.thread_count = 1
            for frame in container.decode(container.streams.audio[0]):
                frame.pts = None
                yield from resampler.resample(frame)
            yield from resampler.resample(None)
    except (av.FFmpegError, ValueError, MemoryError):
        raise RecordingError("not_audio") from None


@contextlib.contextmanager
def _encoder(output: io.BytesIO) -> Iterator[Any]:
    """Yield a function that adds a frame to the voice note."""
    with av.open(output, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=RATE, layout="mono")
        stream.bit_rate = BIT_RATE
        stream.codec_context.options = {"application": "voip"}

        def add(frame: Any) -> None:
            frame.pts = None
            container.mux(stream.encode(frame))

        yield add
        container.mux(stream.encode(None))


def _peaks(frame: Any) -> list[int]:
    samples = array.array("h")
    samples.frombytes(bytes(frame.planes[0])[: frame.samples * 2])
    pieces = (samples[at : at + PEAK_SAMPLES : 4] for at in range(0, len(samples), PEAK_SAMPLES))
    return [max(max(piece), -min(piece)) for piece in pieces if piece]


if __name__ == "__main__":
    main()
