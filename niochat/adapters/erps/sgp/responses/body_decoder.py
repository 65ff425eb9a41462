"""Decodes the body of a response into plain lists and objects, from JSON or from XML.

HTML is never parsed, whatever the status (SGP reference 3.1).
"""

import json
from xml.etree.ElementTree import ParseError

from defusedxml.ElementTree import DefusedXMLParser

from niochat.adapters.erps.sgp.errors import sgp_error
from niochat.adapters.erps.sgp.transport import SgpHttpResponse

_MAX_DEPTH = 30
_HTML = ("<!doctype html", "<html", "<head", "<body", "<center", "<h1", "<p>", "<div")
_ITEM = frozenset({"list-item", "item"})


def decode_body(response: SgpHttpResponse) -> object:
    """Decode the body. Raises ``ErpError``: ``erp_failed`` for HTML, else ``erp_malformed``."""
    try:
        text = response.body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise sgp_error("erp_malformed", response.route, "answered with no UTF-8 text") from None
    if _is_html(response.content_type, text):
        raise sgp_error("erp_failed", response.route, "answered with an HTML page")
    try:
        return _parse_xml(text) if text.startswith("<") else json.loads(text)
    except (ValueError, RecursionError, ParseError):
        # Drop the cause: the parsers' messages quote the response.
        raise sgp_error("erp_malformed", response.route, "answered what cannot be parsed") from None


def _is_html(content_type: str, text: str) -> bool:
    if text.startswith(("{", "[")):
        return False  # older Django views label their JSON as HTML
    start = text[:1000].lower()
    return "html" in content_type or start.startswith(_HTML) or "<html" in start


def _parse_xml(text: str) -> object:
    builder = _XmlObjectBuilder()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    # Feed text: in bytes a declared encoding could show it another document than we checked.
    parser.feed(text)
    parser.close()
    return builder.root


class _XmlNode:
    """An element under construction."""

    __slots__ = ("children", "tag", "text")

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.children: list[tuple[str, object]] = []
        self.text: list[str] = []

    def value(self) -> object:
        """The text, list or object that the element represents."""
        if not self.children:
            return "".join(self.text).strip()
        tags = {tag for tag, _ in self.children}
        if len(tags) == 1 and self._holds_a_list(next(iter(tags))):
            return [value for _, value in self.children]
        return self._fields()

    def _holds_a_list(self, tag: str) -> bool:
        # Such as <contratos><contrato/></contratos>, a list of one item.
        return len(self.children) > 1 or tag in _ITEM or self.tag == f"{tag}s"

    def _fields(self) -> dict[str, object]:
        fields: dict[str, object] = {}
        repeated: set[str] = set()
        for tag, value in self.children:
            existing = fields.get(tag)
            if tag in repeated and isinstance(existing, list):
                existing.append(value)
            elif tag in fields:
                fields[tag] = [existing, value]
                repeated.add(tag)
            else:
                fields[tag] = value
        return fields


class _XmlObjectBuilder:
    """A parser target that builds plain values instead of elements and rejects deep nesting."""

    def __init__(self) -> None:
        self.root: object = None
        self._open: list[_XmlNode] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins; its attributes are ignored."""
        if len(self._open) >= _MAX_DEPTH:
            raise ValueError("the XML is too deep")
        self._open.append(_XmlNode(tag))

    def data(self, text: str) -> None:
        """Text inside the innermost element."""
        self._open[-1].text.append(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        node = self._open.pop()
        if self._open:
            self._open[-1].children.append((node.tag, node.value()))
        else:
            self.root = node.value()

    def close(self) -> None:
        """Do nothing; every parser target needs this method."""
