"""Sample pictures and PDFs of customers. Each embeds the label that the scripted model reads."""

import re
import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

import orjson

from niochat_sandbox.http_json import JsonObject

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_TEXT_KEY = b"sandbox-shows"
_PDF_MARKER = re.compile(rb"%sandbox-shows (\{.*\})")
_SIDE = 96
Colour = tuple[int, int, int]
_BOX, _PAPER, _BLUE = (38, 40, 44), (245, 245, 240), (20, 60, 140)
_RED, _GREEN, _OFF = (230, 30, 30), (40, 210, 80), (70, 72, 76)


class SampleFile(NamedTuple):
    """A sample file. ``kind``: the kind of message that a phone sends."""

    kind: str
    mimetype: str
    name: str
    data: bytes


def read_file_label(data: bytes) -> JsonObject | None:
    """Read the embedded label of a sample file; ``None`` for any other file."""
    found = _PDF_MARKER.search(data)
    if found is None and data.startswith(_PNG):
        at = data.find(_PNG_TEXT_KEY + b"\0")
        if at < 8:
            return None
        (length,) = struct.unpack(">I", data[at - 8 : at - 4])
        text = data[at + len(_PNG_TEXT_KEY) + 1 : at + length]
    else:
        text = found[1] if found is not None else b""
    try:
        label = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return label if isinstance(label, dict) else None


def build_picture(
    label: JsonObject, paint: Callable[[int, int], Colour] = lambda x, y: _PAPER
) -> bytes:
    """Build a PNG that embeds ``label``, the description of what it shows."""
    rows = b"".join(
        b"\0" + b"".join(bytes(paint(x, y)) for x in range(_SIDE)) for y in range(_SIDE)
    )
    head = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = (
        (b"IHDR", head),
        (b"tEXt", _PNG_TEXT_KEY + b"\0" + orjson.dumps(label)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return _PNG + b"".join(_chunk(name, body) for name, body in chunks)


def build_pdf(lines: list[str], label: JsonObject | None = None) -> bytes:
    """Build a PDF of one page with these lines as text.

    Without lines it resembles a scan, and ``label`` describes what a reader would see.
    """
    drawn = "".join(f"({_escaped(line)}) Tj T*\n" for line in lines)
    stream = f"BT /F1 11 Tf 50 780 Td 16 TL\n{drawn}ET".encode("cp1252", "replace")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    body = b"%PDF-1.4\n"
    if label is not None:
        body += b"%sandbox-shows " + orjson.dumps(label) + b"\n"
    places = []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj" % number + each + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%b"
        b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, len(body))
    )


def list_samples() -> dict[str, SampleFile]:
    """The samples by name, as ``niochat say --file`` uses them."""
    return {name: make() for name, make in _SAMPLES.items()}


def get_sample(name: str) -> SampleFile | None:
    """Return a sample, or ``None`` for an unknown name."""
    make = _SAMPLES.get(name)
    return make() if make is not None else None


def _build_modem_photo(name: str, colour: Colour, colour_name: str) -> SampleFile:
    def paint(x: int, y: int) -> Colour:
        return colour if (x - 48) ** 2 + (y - 48) ** 2 < 120 else _BOX

    label = {"kind": "los_light", "luz_los": colour_name}
    return SampleFile("image", "image/png", f"{name}.png", build_picture(label, paint))


def _build_paper_photo(name: str, label: JsonObject) -> SampleFile:
    def paint(x: int, y: int) -> Colour:
        return _BLUE if y < 12 or (y % 12 < 3 and 8 < x < 80) else _PAPER

    return SampleFile("image", "image/png", f"{name}.png", build_picture(label, paint))


_LINE = "23793.38128 60007.827136 95000.063305 9 93020000009990"
_BOLETO = [
    "PROVEDOR DEMO TELECOMUNICACOES LTDA",
    "BOLETO BANCÁRIO",
    "Vencimento: 27/11/2026",
    "Valor do documento: R$ 99,90",
    f"Linha digitável: {_LINE}",
]
_RECEIPT = {"kind": "receipt", "value": 99.9, "date": "2026-11-10", "payee": "PROVEDOR DEMO"}
_SAMPLES: dict[str, Callable[[], SampleFile]] = {
    "los-vermelha": lambda: _build_modem_photo("los-vermelha", _RED, "red"),
    "los-verde": lambda: _build_modem_photo("los-verde", _GREEN, "green"),
    "los-apagada": lambda: _build_modem_photo("los-apagada", _OFF, "off"),
    "comprovante": lambda: _build_paper_photo("comprovante", _RECEIPT),
    "erro": lambda: _build_paper_photo(
        "erro", {"kind": "error_screen", "text": "Não é possível acessar esse site"}
    ),
    "gato": lambda: _build_paper_photo("gato", {"kind": "other"}),
    "boleto": lambda: SampleFile("document", "application/pdf", "boleto.pdf", build_pdf(_BOLETO)),
    "comprovante-pdf": lambda: SampleFile(
        "document", "application/pdf", "comprovante.pdf", build_pdf([], _RECEIPT)
    ),
}


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
