"""What a file is told by its bytes."""

import pytest

from niochat.domain.errors import Invalid
from niochat.domain.message import Kind
from niochat.media.sniffing import checked, safe_name, shown_inline, sort_of
from tests.outbox.office import PDF, PNG


@pytest.mark.parametrize(
    ("data", "mimetype", "kind"),
    [
        (PNG, "image/png", Kind.IMAGE),
        (PDF, "application/pdf", Kind.DOCUMENT),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(20), "image/jpeg", Kind.IMAGE),
        (b"OggS\x00\x02" + bytes(40), "audio/ogg", Kind.AUDIO),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(12), "video/mp4", Kind.VIDEO),
        ("olá, é só texto\n".encode(), "text/plain", Kind.DOCUMENT),
    ],
)
def test_bytes_tell_what_a_file_is(data: bytes, mimetype: str, kind: Kind) -> None:
    for name in ("", "foto.exe", "x.html"):
        sort = sort_of(data, name)
        assert sort is not None
        assert (sort.mimetype, sort.kind) == (mimetype, kind)


@pytest.mark.parametrize(
    "data",
    [
        b"MZ\x90\x00" + bytes(100),
        b"\x7fELF" + bytes(100),
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        bytes(range(256)),
        b"",
    ],
    ids=["exe", "elf", "html", "svg", "noise", "empty"],
)
def test_what_runs_or_is_unknown_cannot_be_sent_whatever_it_is_called(data: bytes) -> None:
    for name in ("foto.jpg", "boleto.pdf", ""):
        with pytest.raises(Invalid, match="cannot be sent"):
            checked(data, name)


@pytest.mark.parametrize("mimetype", ["text/html", "image/svg+xml", "application/pdf", ""])
def test_only_pictures_audio_and_video_are_shown_in_a_page(mimetype: str) -> None:
    assert not shown_inline(mimetype)
    assert shown_inline("image/png")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\fotos\\a.png", "a.png"),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie: x.png"),
        ("...", "arquivo"),
        ("", "arquivo"),
        ("x" * 500, "x" * 120),
        ("fatura março.pdf", "fatura março.pdf"),
    ],
)
def test_names_are_never_more_than_names(name: str, safe: str) -> None:
    assert safe_name(name, "arquivo") == safe
