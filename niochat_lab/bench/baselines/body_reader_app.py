"""The baseline of ``bench ingest``: a Serve application that only reads the request body."""

from ray import serve
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def _receive(request: Request) -> Response:
    body = await request.body()
    return JSONResponse({"read": len(body)})


def _limit() -> Starlette:
    return Starlette(routes=[Route("/{rest:path}", _receive, methods=["POST"])])


class BodyReaderReplica:
    """A replica that responds at once."""


limit = serve.deployment(
    name="Limit",
    num_replicas=1,
    max_ongoing_requests=500,
    health_check_period_s=10,
    ray_actor_options={"num_cpus": 0.2},
)(serve.ingress(_limit)(BodyReaderReplica)).bind()
