"""Recordings in the formats of browsers and phones: a tone of one second."""

import array
import io
import math
from typing import Any

import av
from av.audio.resampler import AudioResampler


def encode_tone(
    container: str, codec: str, *, layout: str = "stereo", rate: int = 48_000, seconds: float = 1.0
) -> bytes:
    """A tone that grows louder."""
    count = int(rate * seconds)
    wave = array.array(
        "h", (int(12_000 * n / count * math.sin(n * 440 * math.tau / rate)) for n in range(count))
    )
    frame = av.AudioFrame(format="s16", layout="mono", samples=count)
    frame.sample_rate = rate
    padding = frame.planes[0].buffer_size - 2 * count
    frame.planes[0].update(wave.tobytes() + bytes(padding))
    output = io.BytesIO()
    with av.open(output, "w", format=container) as target:
        stream: Any = target.add_stream(codec, rate=rate, layout=layout)
        context = stream.codec_context
        resampler = AudioResampler(
            format=context.format, layout=layout, rate=rate, frame_size=context.frame_size or 1024
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            part.pts = None
            target.mux(stream.encode(part))
        target.mux(stream.encode(None))
    return output.getvalue()
