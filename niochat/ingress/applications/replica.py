"""What all Serve applications share: connections that open with the replica and close with it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from niochat import telemetry
from niochat.config import Settings
from niochat.domain.errors import NiochatError
from niochat.ingress.bodies import MOST_BODY, BodyLimits, Bound
from niochat.ingress.problems import as_problem
from niochat.ingress.whole_path import WholePath
from niochat.runtime import garbage
from niochat.wiring.parts import Components, open_components

MOST_TOLD = 200
"""Messages to actors that are on their way; of further ones the next regular look knows."""

Routes = Callable[[Components], list[BaseRoute]]


def application(
    routes: Routes, *counting: Middleware, bound: Bound = lambda path: MOST_BODY
) -> Starlette:
    """An application whose connections open with the replica and close with it.

    ``counting``: what sees a request once its body is in; ``bound``: how large that may be.
    """
    settings = Settings.read()
    telemetry.configure_logging(settings.log_level, json=True)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        parts = await open_components(settings)
        app.router.routes.extend(routes(parts))
        garbage.tune_gc()
        yield
        await parts.close()

    trusted = [str(network) for network in settings.trusted_proxies]
    made = Starlette(
        lifespan=lifespan,
        exception_handlers={NiochatError: as_problem},
        middleware=[
            Middleware(WholePath),
            Middleware(ProxyHeadersMiddleware, trusted_hosts=trusted),
            Middleware(BodyLimits, bound),
            *counting,
        ],
    )
    # A redirect would lead to the Host that was sent, which anybody chooses.
    made.router.redirect_slashes = False
    return made
