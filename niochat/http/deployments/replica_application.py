"""What all Serve applications share: connections that open with the replica and close with it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from niochat import structured_logging
from niochat.composition.components import Components, open_components
from niochat.config import Settings
from niochat.domain.errors import NiochatError
from niochat.http.body_limits import MAX_REQUEST_BODY, BodyLimitForPath, BodyLimitMiddleware
from niochat.http.problems import problem_response
from niochat.http.root_path import RootPathMiddleware
from niochat.runtime.process import gc_tuning

MAX_PENDING_MESSAGES = 200
"""Messages to actors that are on their way; of further ones the next regular look knows."""

RouteBuilder = Callable[[Components], list[BaseRoute]]


def build_replica_application(
    build_routes: RouteBuilder,
    *counting: Middleware,
    body_limit_for: BodyLimitForPath = lambda path: MAX_REQUEST_BODY,
) -> Starlette:
    """An application whose connections open with the replica and close with it.

    ``counting``: what sees a request once its body is in; ``bound``: how large that may be.
    """
    settings = Settings.read()
    structured_logging.configure_logging(settings.log_level, json=True)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        parts = await open_components(settings)
        app.router.routes.extend(build_routes(parts))
        gc_tuning.tune_gc()
        yield
        await parts.close()

    trusted = [str(network) for network in settings.trusted_proxies]
    made = Starlette(
        lifespan=lifespan,
        exception_handlers={NiochatError: problem_response},
        middleware=[
            Middleware(RootPathMiddleware),
            Middleware(ProxyHeadersMiddleware, trusted_hosts=trusted),
            Middleware(BodyLimitMiddleware, body_limit_for),
            *counting,
        ],
    )
    # A redirect would lead to the Host that was sent, which anybody chooses.
    made.router.redirect_slashes = False
    return made
