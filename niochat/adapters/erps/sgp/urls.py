"""Checks the ERP's base address and the links in its responses."""

from ipaddress import ip_address

import httpx

from niochat.adapters.erps.sgp.errors import sgp_error

_PLATFORMS = ("sgp.net.br", "sgp.tsmx.com.br")
"""Where TSMX hosts installations and their invoices (SGP reference 3.1)."""
_PORTS = {"http": 80, "https": 443}
_COUNTRY = 2
_MAX_URL_LENGTH = 2000


def normalize_base_url(base_url: str, route: str) -> str:
    """The base address without a slash at its end.

    Raises ``ErpError`` ``erp_address`` for anything but a plain http or https URL of a host.
    """
    url = _plain_url(base_url)
    if url is None or url.query or url.fragment:
        raise sgp_error("erp_address", route, "has no usable base address")
    return str(url).rstrip("/")


def require_own_link(base_url: str, link: str) -> str:
    """Return the link if it leads to the account's own ERP.

    Its host must be the account's host, a host under the same registrable name, or one of TSMX's.
    Its port must be the default port of its scheme or, on the account's host, the account's port.
    Raises ``ErpError`` ``erp_foreign_link`` otherwise.
    """
    base, url = _plain_url(base_url), _plain_url(link)
    if base is None or url is None or not _related(base.host, url.host):
        raise sgp_error("erp_foreign_link", "invoice link", "leads elsewhere than to the ERP")
    if url.host == base.host and _port(url) == _port(base):
        return str(url)
    if _port(url) != _PORTS[url.scheme]:
        raise sgp_error("erp_foreign_link", "invoice link", "leads to another port of the ERP")
    return str(url)


def _plain_url(text: str) -> httpx.URL | None:
    # Another parser reads the URL later: reject what the two could read differently.
    if len(text) > _MAX_URL_LENGTH or "\\" in text or any(c <= " " for c in text.strip()):
        return None
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, ValueError, TypeError):
        return None
    named = url.host and "%" not in url.host and not url.userinfo
    return url if url.scheme in _PORTS and named else None


def _port(url: httpx.URL) -> int:
    return url.port or _PORTS[url.scheme]


def _related(base: str, host: str) -> bool:
    if host == base:
        return True
    domain = _registrable(base)
    return _below(host, domain) or any(_below(host, platform) for platform in _PLATFORMS)


def _below(host: str, name: str) -> bool:
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _registrable(host: str) -> str:
    """The registrable part of a host name; ``""`` for an IP address or a single label.

    It needs no list of public suffixes: three labels under a country code (``provedor.net.br``),
    two elsewhere. Too many labels only reject a link; too few would accept a stranger's.
    """
    labels = host.rstrip(".").split(".")
    label_count = 3 if len(labels[-1]) == _COUNTRY else 2
    if len(labels) < label_count or _is_address(host):
        return ""
    return ".".join(labels[-label_count:])


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
