"""Voice notes as WhatsApp sends them, Opus in Ogg: silence, with what was said in a comment.

Source: RFC 3533 (pages), RFC 7845 (Opus in Ogg), RFC 6716 (a packet of silence).
"""

import struct

_RATE = 48_000
_FRAME = 960
"""Samples of a packet: 20 ms."""
_SILENCE = b"\xf8\xff\xfe"
_COMMENT_KEY = "SANDBOX_SAID="
_SERIAL = 0x53414E44
_PACKETS_A_PAGE = 50
_FIRST, _LAST = 2, 4
MAX_SECONDS = 7_200


def build_voice_note(said: str, seconds: float = 2.0) -> bytes:
    """A file that players take; the transcription end point finds ``said`` in it again."""
    packets = max(1, round(seconds * _RATE / _FRAME))
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, _RATE, 0, 0)
    pages = [_build_page(0, 0, _FIRST, [head]), *_comment_pages(_build_tags(said))]
    done = 0
    while done < packets:
        count = min(_PACKETS_A_PAGE, packets - done)
        done += count
        flags = _LAST if done == packets else 0
        pages.append(_build_page(len(pages), done * _FRAME, flags, [_SILENCE] * count))
    return b"".join(pages)


def read_voice_note_text(data: bytes) -> str | None:
    """What was said in a voice note of ours; ``None`` in any other sound."""
    comment = b"".join(_find_packets(data, 1))
    at = comment.find(_COMMENT_KEY.encode())
    if not comment.startswith(b"OpusTags") or at < 4:
        return None
    (length,) = struct.unpack("<I", comment[at - 4 : at])
    return comment[at : at + length].decode("utf-8", "replace").removeprefix(_COMMENT_KEY)


def _build_tags(said: str) -> bytes:
    vendor, comment = b"sandbox", (_COMMENT_KEY + said).encode()
    return b"OpusTags" + b"".join(
        (struct.pack("<I", len(vendor)), vendor, struct.pack("<II", 1, len(comment)), comment)
    )


def _comment_pages(tags: bytes) -> list[bytes]:
    """A packet of any length, over as many pages as it needs."""
    whole = 255 * 254
    pieces = [tags[at : at + whole] for at in range(0, len(tags), whole)] or [b""]
    pages = []
    for number, piece in enumerate(pieces):
        ends = number == len(pieces) - 1
        sizes = [255] * (len(piece) // 255) + ([len(piece) % 255] if ends else [])
        pages.append(_build_raw_page(number + 1, 0 if ends else -1, int(number > 0), sizes, piece))
    return pages


def _build_page(number: int, position: int, flags: int, packets: list[bytes]) -> bytes:
    return _build_raw_page(
        number, position, flags, [len(each) for each in packets], b"".join(packets)
    )


def _build_raw_page(number: int, position: int, flags: int, sizes: list[int], body: bytes) -> bytes:
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, position, _SERIAL, number, 0)
    page = head + bytes([len(sizes), *sizes]) + body
    return page[:22] + struct.pack("<I", _crc(page)) + page[26:]


def _find_packets(data: bytes, wanted: int) -> list[bytes]:
    """Pieces of one packet of a stream, by its number."""
    at, packet, pieces = 0, 0, []
    while data[at : at + 4] == b"OggS" and at + 27 <= len(data) and packet <= wanted:
        count = data[at + 26]
        sizes = data[at + 27 : at + 27 + count]
        at += 27 + count
        for size in sizes:
            if packet == wanted:
                pieces.append(data[at : at + size])
            at += size
            packet += size < 255
    return pieces


def _build_crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x04C11DB7 if crc & 0x80000000 else 0)
        table.append(crc & 0xFFFFFFFF)
    return table


_CRC = _build_crc_table()


def _crc(page: bytes) -> int:
    crc = 0
    for byte in page:
        crc = ((crc << 8) & 0xFFFFFFFF) ^ _CRC[(crc >> 24) ^ byte]
    return crc
