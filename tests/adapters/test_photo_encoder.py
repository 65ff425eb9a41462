"""A photo becomes a small square, whatever was uploaded."""

import io
import struct
import zlib

import pytest
from PIL import Image

from niochat.adapters.photo_encoder import (
    MAX_PHOTO_BYTES,
    MAX_UPLOAD_BYTES,
    PHOTO_SIDE,
    encode_photo,
)
from niochat.domain.errors import InvalidInputError

pytestmark = pytest.mark.asyncio


def picture(
    width: int, height: int, kind: str = "PNG", mode: str = "RGB", **options: object
) -> bytes:
    written = io.BytesIO()
    Image.effect_noise((width, height), 90).convert(mode).save(written, kind, **options)
    return written.getvalue()


@pytest.mark.parametrize(
    ("width", "height", "kind", "mode"),
    [
        (640, 480, "JPEG", "RGB"),
        (3000, 2000, "JPEG", "RGB"),
        (300, 900, "PNG", "RGBA"),
        (10, 10, "PNG", "L"),
        (1, 1, "PNG", "P"),
        (400, 400, "WEBP", "RGB"),
        (400, 300, "JPEG", "CMYK"),
    ],
)
async def test_every_picture_becomes_a_small_square(
    width: int, height: int, kind: str, mode: str
) -> None:
    encoded = await encode_photo(picture(width, height, kind, mode))
    assert len(encoded) <= MAX_PHOTO_BYTES
    with Image.open(io.BytesIO(encoded)) as photo:
        assert (photo.format, photo.size) == ("WEBP", (PHOTO_SIDE, PHOTO_SIDE))


async def test_a_turned_picture_is_upright_and_loses_where_it_was_taken() -> None:
    image = Image.new("RGB", (400, 400), "white")
    image.paste("red", (0, 0, 400, 100))  # a red bar above
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    exif[0x8825] = {1: "S"}
    written = io.BytesIO()
    image.save(written, "JPEG", exif=exif)
    with Image.open(io.BytesIO(await encode_photo(written.getvalue()))) as photo:
        assert not photo.getexif()
        below = photo.convert("RGB").crop((100, 245, 156, 255)).tobytes()
        assert min(below[0::3]) > 200
        assert max(below[1::3]) < 90


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be very large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack("!I", len(data)) + body + struct.pack("!I", zlib.crc32(body))

    header = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = zlib.compress(bytes(100_000), 9)
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nothing",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        bomb(50_000, 50_000),
        bomb(5_001, 5_000),
        bomb(100, 100)[:60],
        picture(100, 100, "GIF"),
        picture(100, 100, "TIFF"),
        picture(600, 600, "JPEG")[:2000],
        bytes(MAX_UPLOAD_BYTES + 1),
    ],
    ids=lambda data: f"{len(data)} bytes",
)
async def test_what_is_no_decent_picture_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await encode_photo(data)
    assert refused.value.code == "bad_photo"
