"""Finds settings that work but are unsafe if others can reach the installation."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from niochat.config import Settings, is_loopback
from niochat.vault.key_ring import parse_key_ring

MAX_PROXY_ADDRESSES = 2**24
"""The largest network that counts as proxies, such as 10.0.0.0/8."""
MIN_DISTINCT_CHARACTERS = 8
"""A random token has at least this many different characters."""


def find_security_problems(settings: Settings, unguarded_superusers: int) -> list[str]:
    """Return a sentence for each problem, with what to do. Some problems do not matter on a machine
    that only its user can reach.
    """
    if is_loopback(urlsplit(settings.base_url).hostname or ""):
        return list(_general_problems(settings))
    return [*_general_problems(settings), *_exposed_problems(settings, unguarded_superusers)]


def _general_problems(settings: Settings) -> Iterator[str]:
    for name, key in parse_key_ring(settings.vault_keys.get_secret_value()).items():
        if len(set(key)) < MIN_DISTINCT_CHARACTERS:
            yield f"the vault's key {name} was not made by chance: put a new one first and rotate"
    token = settings.operator_token
    if token is not None and len(set(token.get_secret_value())) < MIN_DISTINCT_CHARACTERS:
        yield "NIOCHAT_OPERATOR_TOKEN can be guessed: `openssl rand -hex 24` makes one"
    for network in settings.trusted_proxies:
        if network.num_addresses > MAX_PROXY_ADDRESSES:
            yield f"NIOCHAT_TRUSTED_PROXIES believes {network}: name your proxies only"


def _exposed_problems(settings: Settings, unguarded_superusers: int) -> Iterator[str]:
    if settings.base_url.startswith("http://"):
        yield "NIOCHAT_BASE_URL is http: tokens and cookies travel in the clear; put TLS in front"
    if settings.smtp_url is None:
        yield "NIOCHAT_SMTP_URL is not set: mails wait (invitations, passwords, alerts, reports)"
    if settings.files_url is None:
        yield "NIOCHAT_FILES_URL is not set: what customers send cannot be opened"
    if settings.audit_head_url is None:
        yield "NIOCHAT_AUDIT_URL is not set: nothing tells when the audit log's end is cut off"
    if settings.sandbox_url is not None:
        yield "the sandbox runs, and whoever reaches it plays customers: start with --no-sandbox"
    if settings.private_networks:
        opened = ", ".join(str(network) for network in settings.private_networks)
        yield f"NIOCHAT_PRIVATE_NETWORKS lets every provider reach {opened}: is that meant?"
    if unguarded_superusers:
        yield f"{unguarded_superusers} superusers have no second factor: let them switch it on"
