"""The ASGI application in front of a project: REST, Realtime, control routes, files."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from niochat_sandbox.fault_injection.fault_middleware import FaultMiddleware
from niochat_sandbox.fault_injection.fault_rules import FaultRuleSet
from niochat_sandbox.http_json import SandboxApiError, handle_api_error
from niochat_sandbox.supabase.dashboard_page import DashboardPage
from niochat_sandbox.supabase.project_control_api import ProjectControlApi
from niochat_sandbox.supabase.realtime.realtime_control_api import RealtimeControlApi
from niochat_sandbox.supabase.realtime.realtime_endpoint import RealtimeEndpoint
from niochat_sandbox.supabase.rest.rest_proxy import METHODS, RestProxy

_RETURNED_TO_BROWSERS = ["Content-Range", "Content-Location", "Location", "Retry-After"]


def create_gateway(
    rest: RestProxy,
    control: ProjectControlApi,
    realtime_control: RealtimeControlApi,
    realtime: RealtimeEndpoint,
    faults: FaultRuleSet,
    dashboard: DashboardPage | None,
) -> ASGIApp:
    """Create the application. ``dashboard``: what is served below ``/dashboard/``."""
    routes: list[BaseRoute] = [
        Route("/rest/v1/{path:path}", rest.forward, methods=METHODS),
        Mount("/sandbox", routes=[*control.routes(), *realtime_control.routes()]),
        *realtime.routes(),
    ]
    if dashboard is not None:
        routes.append(dashboard.route())
    cors = Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=METHODS,
        allow_headers=["*"],
        expose_headers=_RETURNED_TO_BROWSERS,
    )
    app = Starlette(
        routes=routes, middleware=[cors], exception_handlers={SandboxApiError: handle_api_error}
    )
    return FaultMiddleware(app, faults)
