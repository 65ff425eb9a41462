"""Voice notes in WhatsApp's format, Opus in Ogg: silence, with the spoken text in a comment.

Source: RFC 3533 (pages), RFC 7845 (Opus in Ogg), RFC 6716 (a packet of silence).
"""

import struct

_RATE = 48_000
_FRAME = 960
"""Samples per packet: 20 ms."""
_SILENCE = b"\xf8\xff\xfe"
_COMMENT_KEY = "SANDBOX_SAID="
_SERIAL = 0x53414E44
_PACKETS_A_PAGE = 50
_FIRST, _LAST = 2, 4
MAX_SECONDS = 7_200


def build_voice_note(text: str, seconds: float = 2.0) -> bytes:
    """Build a playable file of ``seconds``; the simulated transcription reads ``text`` from it."""
    packets = max(1, round(seconds * _RATE / _FRAME))
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, _RATE, 0, 0)
    pages = [_build_page(0, 0, _FIRST, [head]), *_comment_pages(_build_tags(text))]
    written = 0
    while written < packets:
        count = min(_PACKETS_A_PAGE, packets - written)
        written += count
        flags = _LAST if written == packets else 0
        pages.append(_build_page(len(pages), written * _FRAME, flags, [_SILENCE] * count))
    return b"".join(pages)


def read_voice_note_text(data: bytes) -> str | None:
    """The text of a voice note of the sandbox; ``None`` for any other sound."""
    comment = b"".join(_find_packets(data, 1))
    at = comment.find(_COMMENT_KEY.encode())
    if not comment.startswith(b"OpusTags") or at < 4:
        return None
    (length,) = struct.unpack("<I", comment[at - 4 : at])
    return comment[at : at + length].decode("utf-8", "replace").removeprefix(_COMMENT_KEY)


def _build_tags(text: str) -> bytes:
    vendor, comment = b"sandbox", (_COMMENT_KEY + text).encode()
    return b"OpusTags" + b"".join(
        (struct.pack("<I", len(vendor)), vendor, struct.pack("<II", 1, len(comment)), comment)
    )


def _comment_pages(tags: bytes) -> list[bytes]:
    """Split a packet of any length into pages."""
    max_size = 255 * 254
    pieces = [tags[at : at + max_size] for at in range(0, len(tags), max_size)] or [b""]
    pages = []
    for number, piece in enumerate(pieces):
        is_last = number == len(pieces) - 1
        sizes = [255] * (len(piece) // 255) + ([len(piece) % 255] if is_last else [])
        pages.append(
            _build_raw_page(number + 1, 0 if is_last else -1, int(number > 0), sizes, piece)
        )
    return pages


def _build_page(number: int, position: int, flags: int, packets: list[bytes]) -> bytes:
    return _build_raw_page(
        number, position, flags, [len(each) for each in packets], b"".join(packets)
    )


def _build_raw_page(number: int, position: int, flags: int, sizes: list[int], body: bytes) -> bytes:
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, position, _SERIAL, number, 0)
    page = head + bytes([len(sizes), *sizes]) + body
    return page[:22] + struct.pack("<I", _crc(page)) + page[26:]


def _find_packets(data: bytes, packet_number: int) -> list[bytes]:
    """The pieces of one packet of a stream, by its number."""
    at, packet, pieces = 0, 0, []
    while data[at : at + 4] == b"OggS" and at + 27 <= len(data) and packet <= packet_number:
        count = data[at + 26]
        sizes = data[at + 27 : at + 27 + count]
        at += 27 + count
        for size in sizes:
            if packet == packet_number:
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
