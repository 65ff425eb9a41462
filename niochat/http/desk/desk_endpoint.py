"""Serves the desk: its page under every path that looks like one, and the files of its build."""

import os
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import NotModifiedResponse
from starlette.types import Receive, Scope, Send

from niochat.http.desk.desk_builds import PAGE
from niochat.http.desk.desk_files import ENCODINGS, DeskFile, DeskFiles
from niochat.http.desk.desk_page import DeskPage, build_desk_page

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATED = "no-cache"
NOT_STORED = "no-store"
API_PREFIXES = frozenset({"api", "live", "webhooks", "-"})
"""First parts of paths that never lead to the page: other applications serve them."""
RETRY_AFTER_S = 1
VERSION_HEADER = "x-desk-version"
"""Header of the page with the digest of its build."""
_NOT_BUILT = """<!doctype html>
<html lang="pt-BR"><meta charset="utf-8"><title>NioChat</title>
<h1>As telas ainda não foram construídas</h1>
<p>Pare o NioChat e inicie de novo com <code>scripts/run</code>, com acesso ao registro do npm.
Todo o resto já funciona.</p>
<h1 lang="en">The desk has not been built</h1>
<p lang="en">Stop NioChat and start it again with <code>scripts/run</code>, with access to
the npm registry. Everything else works.</p>
</html>
"""


class DeskEndpoint:
    """The ASGI application of the desk. ``files`` is None if the desk has not been built.

    ``served_here``: first parts of the paths of an API in the same process. Such a path that gets
    here does not exist (404). Any other path of an API gets here while its application is not
    known to the proxy yet (503, which clients repeat).
    """

    def __init__(
        self,
        files: DeskFiles | None,
        base_url: str,
        assets_url: str | None = None,
        served_here: frozenset[str] = frozenset(),
    ) -> None:
        self._files: Mapping[str, DeskFile] = {} if files is None else files.files
        self._version = "" if files is None else files.version
        self._page = (
            None
            if files is None
            else build_desk_page(files.page, base_url, assets_url, files.packed_page)
        )
        self._served_here = served_here

    def routes(self) -> list[BaseRoute]:
        """Return the route, which takes every path: it has to be the last one."""
        return [Route("/{path:path}", self)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        response = self.respond(Request(scope))
        await response(scope, receive, send)

    def respond(self, request: Request) -> Response:
        """Return the response to a request."""
        path: str = request.scope["path"]
        parts = [part for part in path.split("/") if part]
        first = parts[0].lower() if parts else ""
        if first in API_PREFIXES:
            return self._refuse_api_path(first)
        if request.method not in ("GET", "HEAD"):
            title = "The path does not support this method. See the Allow header."
            return _problem(405, "method_not_allowed", title, {"Allow": "GET, HEAD"})
        file = self._files.get(path.removeprefix("/"))
        if file is not None:
            return self._file_response(file, request)
        if parts in ([], [PAGE]) or _is_page_request(parts, request):
            return self._page_response(request)
        return _not_found("There is no such file. Reload the page: a newer version may be there.")

    def _refuse_api_path(self, first: str) -> Response:
        if first in self._served_here or first == "-":
            return _not_found(
                "The path does not exist. GET /api/v1/openapi.json lists the paths of the REST API."
            )
        title = "This part of NioChat is not available at the moment. Repeat the request later."
        return _problem(503, "unavailable", title, {"Retry-After": str(RETRY_AFTER_S)})

    def _page_response(self, request: Request) -> Response:
        if self._page is None:
            headers = {
                "cache-control": NOT_STORED,
                "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
                "x-content-type-options": "nosniff",
            }
            return HTMLResponse(_NOT_BUILT, 503, headers)
        encoding = choose_encoding(request, self._page.bodies)
        headers = {
            **self._page.headers,
            **_encoding_headers(encoding),
            VERSION_HEADER: self._version,
            "cache-control": REVALIDATED,
            "etag": _page_etag(self._page, encoding),
        }
        response = HTMLResponse(self._page.bodies[encoding], 200, headers)
        return _or_not_modified(response, request)

    def _file_response(self, file: DeskFile, request: Request) -> Response:
        # A range counts bytes of the file itself.
        ranged = "range" in request.headers
        encoding = "identity" if ranged else choose_encoding(request, file.paths)
        path = file.paths[encoding]
        try:
            status = os.stat(path)
        except OSError:
            return _not_found("The file belongs to an older version. Reload the page.")
        headers = {
            **_encoding_headers(encoding),
            "cache-control": IMMUTABLE if file.immutable else REVALIDATED,
            "etag": file.etag(encoding),
            "x-content-type-options": "nosniff",
        }
        if file.immutable:
            # A CDN passes these on, and the page loads its scripts in CORS mode.
            headers |= {
                "access-control-allow-origin": "*",
                "cross-origin-resource-policy": "cross-origin",
            }
        elif self._page is not None:
            headers = {**self._page.headers, **headers}  # the service worker has its own policy
        response = FileResponse(path, 200, headers, file.media_type, stat_result=status)
        return _or_not_modified(response, request)


def choose_encoding(request: Request, available: Mapping[str, object]) -> str:
    """Return the preferred content coding that the client accepts and that is available."""
    accepted = {}
    for each in ",".join(request.headers.getlist("accept-encoding")).split(","):
        name, _, parameters = each.strip().lower().partition(";")
        accepted[name.strip()] = parameters.replace(" ", "")
    for encoding in ENCODINGS:
        refused = accepted.get(encoding, "q=0") in ("q=0", "q=0.0", "q=0.00", "q=0.000")
        if encoding in available and not refused:
            return encoding
    return "identity"


def _is_page_request(parts: list[str], request: Request) -> bool:
    """Whether a browser navigates to a path of the desk, such as ``/conversas/42``."""
    hidden = any(part.startswith(".") for part in parts)
    return (
        not hidden
        and "." not in parts[-1]
        and parts[0] != "assets"
        and "text/html" in request.headers.get("accept", "")
    )


def _encoding_headers(encoding: str) -> dict[str, str]:
    headers = {"vary": "Accept-Encoding"}
    return headers if encoding == "identity" else {**headers, "content-encoding": encoding}


def _page_etag(page: DeskPage, encoding: str) -> str:
    return f'"{page.digest}"' if encoding == "identity" else f'"{page.digest}-{encoding}"'


def _or_not_modified(response: Response, request: Request) -> Response:
    """Return 304 if the client has this form already (RFC 9110, 13.1.2)."""
    given = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    if response.headers["etag"] in tags or "*" in tags:
        return NotModifiedResponse(response.headers)
    return response


def _not_found(title: str) -> Response:
    return _problem(404, "not_found", title)


def _problem(
    status: int, code: str, title: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return problem details. ``niochat.http.problems`` would load the database's client."""
    body = {"type": "about:blank", "title": title, "status": status, "code": code}
    # Nobody may store that a file is missing: another replica may have it already.
    shared = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return JSONResponse(
        body, status, {**shared, **(headers or {})}, media_type="application/problem+json"
    )
