"""The path as the client sent it, whatever Serve calls the part that belongs to an application."""

from starlette.types import ASGIApp, Receive, Scope, Send


class RootPathMiddleware:
    """Routes are written with their whole path, and each is reached by that alone.

    Serve tells an application's prefix as ``root_path``, which Starlette takes off before it looks
    for a route: ``/api/api/health`` would then be ``/api/health`` as well.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or socket."""
        root = scope.get("root_path", "")
        if root and scope["type"] in ("http", "websocket"):
            path = scope["path"]
            inside = path == root or path.startswith(f"{root}/")
            scope = {**scope, "root_path": "", "path": path if inside else root + path}
        await self._app(scope, receive, send)
