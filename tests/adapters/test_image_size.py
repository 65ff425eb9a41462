"""The size of a picture comes from its header, or is unknown."""

import io

import pytest
import segno

from niochat.adapters.image_size import image_size

GIF = b"GIF89a" + (640).to_bytes(2, "little") + (480).to_bytes(2, "little") + bytes(20)
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0001108") + bytes.fromhex(
    "01e0028003012200021101031101ffd9"
)


def test_the_size_is_read() -> None:
    picture = io.BytesIO()
    segno.make_qr("x").save(picture, kind="png", scale=3)
    assert image_size(picture.getvalue()) == (87, 87)
    assert image_size(GIF) == (640, 480)
    assert image_size(JPEG) == (640, 480)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.4",
        GIF[:8],
        JPEG[:12],
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x04\x00\x00\x00WEBPVP8X",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\xff" * 8,
        b"\xff\xd8" + b"\xff" * 5_000,
        b"II*\x00" + b"\xff" * 60,
    ],
)
def test_a_broken_header_has_no_size(data: bytes) -> None:
    assert image_size(data) is None
