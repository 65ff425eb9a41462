"""Restores the path as the client sent it, with the prefix of the Serve application."""

from starlette.types import ASGIApp, Receive, Scope, Send


class RootPathMiddleware:
    """Lets routes be declared with their complete path, and reached by that path only.

    Serve passes the prefix of an application as ``root_path``. Starlette removes it before it looks
    for a route, so ``/api/api/health`` would also reach ``/api/health``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request or socket."""
        root = scope.get("root_path", "")
        if root and scope["type"] in ("http", "websocket"):
            path = scope["path"]
            complete = path == root or path.startswith(f"{root}/")
            scope = {**scope, "root_path": "", "path": path if complete else root + path}
        await self._app(scope, receive, send)
