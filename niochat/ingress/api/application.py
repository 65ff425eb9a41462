"""The API put together, and where it is mounted."""

from fastapi import FastAPI

from niochat.ingress.api import answers, auth, people
from niochat.ingress.api.shapes import Problem
from niochat.wiring.access import Access

VERSION = "1.0.0"
ROUTERS = (auth.router, people.router)
_PROBLEMS = {
    "4XX": {"model": Problem, "description": "What to change, as a problem (RFC 9457)."},
    "5XX": {"model": Problem, "description": "A part is away: try again."},
}


def build(access: Access, *, secure_cookies: bool) -> FastAPI:
    """The application below ``/api/v1``. Its documentation is OpenAPI 3.1 and no page: pages
    would load scripts from elsewhere.
    """
    app = FastAPI(
        title="NioChat", version=VERSION, docs_url=None, redoc_url=None,
        openapi_url="/openapi.json", separate_input_output_schemas=False,
        servers=[{"url": "/api/v1"}], root_path_in_servers=False,
        responses=_PROBLEMS,  # type: ignore[arg-type]
    )  # fmt: skip
    app.state.access, app.state.secure_cookies = access, secure_cookies
    answers.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
