"""The size of a picture, read from its header."""

import io
import struct

import imagesize

MAX_PIXELS = 100_000
"""Sides above this are not believed."""


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels as the picture is shown; ``None`` if its header is not readable.
    The picture is not decoded.
    """
    try:
        width, height = imagesize.get(io.BytesIO(data))
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, OSError, struct.error):
        return None
    known = 0 < width <= MAX_PIXELS and 0 < height <= MAX_PIXELS
    return (width, height) if known else None
