"""Encodes photos of users: decodes a picture of any size and writes a small square one."""

import asyncio
import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from niochat.domain.errors import InvalidInputError

PHOTO_SIDE = 256
"""Width and height of an encoded photo, in pixels."""
PHOTO_MIMETYPE = "image/webp"
MAX_PHOTO_BYTES = 64 * 1024
MAX_UPLOAD_BYTES = 8 * 2**20
MAX_PIXELS = 25_000_000
"""Pixels of an upload. A picture is refused by the size in its header, before it is decoded."""
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITIES = (82, 70, 50, 30)
_ONE_AT_A_TIME = asyncio.Semaphore(1)
"""A decoded picture takes up to 200 MB."""


async def encode_photo(data: bytes) -> bytes:
    """Return the middle square of a picture as WebP without metadata, at most ``MAX_PHOTO_BYTES``.
    Raises ``InvalidInputError`` (``bad_photo``).
    """
    if not 0 < len(data) <= MAX_UPLOAD_BYTES:
        raise _bad_photo_error(f"must have at most {MAX_UPLOAD_BYTES // 2**20} MiB")
    async with _ONE_AT_A_TIME:
        return await asyncio.to_thread(_encode, data)


def _encode(data: bytes) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, which are refused below
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                return _encode_square(image)
    except InvalidInputError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise _bad_photo_error("must be a picture in JPEG, PNG or WebP") from None
    except Exception as error:
        raise _bad_photo_error("is damaged") from error


def _encode_square(image: Image.Image) -> bytes:
    if image.width * image.height > MAX_PIXELS or min(image.size) < 1:
        raise _bad_photo_error(f"must have at most {MAX_PIXELS // 10**6} megapixels")
    image.draft("RGB", (2 * PHOTO_SIDE, 2 * PHOTO_SIDE))  # a JPEG is decoded at a smaller size
    upright = ImageOps.exif_transpose(image)
    square = ImageOps.fit(upright.convert("RGBA"), (PHOTO_SIDE, PHOTO_SIDE))
    for quality in _QUALITIES:
        encoded = io.BytesIO()
        square.save(encoded, "WEBP", quality=quality)
        if encoded.tell() <= MAX_PHOTO_BYTES:
            return encoded.getvalue()
    raise _bad_photo_error("cannot be made small enough")


def _bad_photo_error(problem: str) -> InvalidInputError:
    return InvalidInputError(
        f"The photo {problem}. Send a JPEG, PNG or WebP picture.", code="bad_photo"
    )
