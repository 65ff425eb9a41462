"""The page of the desk and its headers: what it may load, and from where."""

import base64
import gzip
import hashlib
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit

_LOCAL_REFERENCE = re.compile(r"""((?:src|href)=["'])\.?/(?!/)""")
_ASSET_REFERENCE = re.compile(r"""((?:src|href)=["'])/(assets/)""")
PERMISSIONS_POLICY = (
    "microphone=(self), camera=(), geolocation=(), payment=(), usb=(), serial=(), hid=(), "
    "midi=(), display-capture=(), accelerometer=(), gyroscope=(), magnetometer=()"
)
"""Voice notes need the microphone; the desk uses no other device."""


@dataclass(frozen=True, slots=True)
class DeskPage:
    """The page by content coding, and the headers of the page."""

    bodies: dict[str, bytes]
    digest: str
    headers: dict[str, str]


def build_desk_page(
    html: bytes, base_url: str, assets_url: str | None = None, packed: bytes | None = None
) -> DeskPage:
    """Prepare the page of a build. With ``assets_url`` it loads hashed files from there.
    ``packed`` is the page in brotli, which is of use as long as nothing in the page is changed.
    """
    text = rewrite_references(html.decode(), assets_url)
    body = text.encode()
    bodies = {"identity": body, "gzip": gzip.compress(body, 9, mtime=0)}
    if packed is not None and body == html:
        bodies["br"] = packed
    return DeskPage(
        bodies=bodies,
        digest=hashlib.sha256(body).hexdigest()[:24],
        headers=page_headers(base_url, assets_url, inline_script_hashes(text)),
    )


def rewrite_references(html: str, assets_url: str | None) -> str:
    """Make references absolute, because the page is served under every path, and lead those to
    hashed files to ``assets_url``. These files refer to one another relatively.
    """
    absolute = _LOCAL_REFERENCE.sub(r"\1/", html)
    if assets_url is None:
        return absolute
    return _ASSET_REFERENCE.sub(lambda match: f"{match[1]}{assets_url}/{match[2]}", absolute)


def page_headers(
    base_url: str, assets_url: str | None, script_hashes: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return the security headers of the page and of its service worker."""
    headers = {
        "content-security-policy": content_security_policy(base_url, assets_url, script_hashes),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": PERMISSIONS_POLICY,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    if base_url.startswith("https://"):
        headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
    return headers


def content_security_policy(
    base_url: str, assets_url: str | None, script_hashes: tuple[str, ...] = ()
) -> str:
    """Return the policy. Scripts come from files only. Styles may be inline, because dialogs and
    lists set sizes and positions that way; files of customers come from the product's own address.
    """
    assets = f" {_origin(assets_url)}" if assets_url else ""
    hashes = "".join(f" '{each}'" for each in script_hashes)
    # Older Safari does not count sockets as 'self'.
    socket = _origin(base_url).replace("http", "ws", 1)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self'{hashes}{assets}",
            f"style-src 'self' 'unsafe-inline'{assets}",
            f"img-src 'self' data: blob:{assets}",
            f"media-src 'self' blob:{assets}",
            f"font-src 'self'{assets}",
            f"connect-src 'self' {socket}{assets}",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "frame-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def inline_script_hashes(html: str) -> tuple[str, ...]:
    """Hashes of the scripts inside the page, by which the policy allows exactly these."""
    parser = _InlineScripts()
    parser.feed(html)
    parser.close()
    digests = (hashlib.sha256(script.encode()).digest() for script in parser.scripts)
    return tuple(f"sha256-{base64.b64encode(digest).decode()}" for digest in digests)


class _InlineScripts(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.scripts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and "src" not in dict(attrs)

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
