"""The duration of a voice note, from its bytes: the value that a phone sends is not trusted."""

_PAGE = b"OggS"
_HEADER = 27
_OPUS_RATE = 48_000
"""Positions in Ogg count samples of Opus at this rate, whatever the rate of the recording was
(RFC 7845, 4).
"""


def ogg_seconds(data: bytes) -> float:
    """Seconds of Opus in Ogg, from the position of the last page; 0 for anything else."""
    at = data.rfind(_PAGE)
    if not data.startswith(_PAGE) or b"OpusHead" not in data[:512] or at + _HEADER > len(data):
        return 0.0
    samples = int.from_bytes(data[at + 6 : at + 14], "little", signed=True)
    return max(samples, 0) / _OPUS_RATE
