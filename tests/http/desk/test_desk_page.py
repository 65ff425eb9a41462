"""What the page may load: scripts from files of the product, and from a CDN if there is one."""

import base64
import hashlib
import re

import pytest

from niochat.http.desk.desk_page import build_desk_page, content_security_policy
from tests.http.desk.conftest import PAGE

CDN = "https://cdn.example.com/desk"


def directives(policy: str) -> dict[str, list[str]]:
    return {name: words for name, *words in (each.split() for each in policy.split("; "))}


def test_scripts_come_from_files_and_from_this_very_page_only() -> None:
    page = build_desk_page(PAGE.encode(), "https://desk.example.com")
    policy = directives(page.headers["content-security-policy"])
    inline = b'document.documentElement.dataset.theme = "dark"'
    digest = base64.b64encode(hashlib.sha256(inline).digest()).decode()

    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'", f"'sha256-{digest}'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == ["'none'"]
    assert not [words for words in policy.values() if "*" in words or "'unsafe-eval'" in words]
    assert policy["connect-src"] == ["'self'", "wss://desk.example.com"]
    assert page.headers["strict-transport-security"]
    assert "microphone=(self)" in page.headers["permissions-policy"]
    assert page.headers["cross-origin-opener-policy"] == "same-origin"


def test_on_one_machine_nothing_demands_https() -> None:
    page = build_desk_page(b"<html></html>", "http://127.0.0.1:8000")

    assert "strict-transport-security" not in page.headers
    policy = directives(page.headers["content-security-policy"])
    assert policy["script-src"] == ["'self'"]
    assert policy["connect-src"] == ["'self'", "ws://127.0.0.1:8000"]


def test_references_are_absolute_because_the_page_has_many_paths() -> None:
    text = build_desk_page(PAGE.encode(), "http://127.0.0.1").bodies["identity"].decode()

    assert 'src="/assets/index-a1b2c3d4.js"' in text
    assert 'href="/manifest.webmanifest"' in text
    assert 'href="//example.org/"' in text


def test_the_brotli_form_of_the_build_is_used_while_the_page_is_unchanged() -> None:
    plain, changed = b"<html></html>", PAGE.encode()

    assert build_desk_page(plain, "http://a", None, b"packed").bodies["br"] == b"packed"
    assert "br" not in build_desk_page(changed, "http://a", None, b"packed").bodies
    assert "br" not in build_desk_page(plain, "http://a").bodies


def test_with_a_cdn_only_hashed_files_come_from_there_and_the_policy_allows_it() -> None:
    page = build_desk_page(PAGE.encode(), "https://desk.example.com", CDN)
    text = page.bodies["identity"].decode()

    assert f'src="{CDN}/assets/index-a1b2c3d4.js"' in text
    assert f'href="{CDN}/assets/index-e5f6a7b8.css"' in text
    assert 'href="/manifest.webmanifest"' in text
    policy = directives(page.headers["content-security-policy"])
    for name in ("script-src", "style-src", "font-src", "img-src", "media-src", "connect-src"):
        assert policy[name][-1] == "https://cdn.example.com", name
    assert "https://cdn.example.com" not in policy["frame-src"] + policy["worker-src"]


@pytest.mark.parametrize("assets_url", [None, CDN, "http://[::1]:9000"])
def test_the_policy_is_one_line_of_known_directives(assets_url: str | None) -> None:
    policy = content_security_policy("https://desk.example.com", assets_url)

    assert re.fullmatch(r"[\x20-\x7e]+", policy)
    assert "unsafe-inline" not in directives(policy)["script-src"]
