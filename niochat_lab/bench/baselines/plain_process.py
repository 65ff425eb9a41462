"""The baseline of ``bench path``: the product's own code in one plain asyncio process, without Ray.

``python -m niochat_lab.bench.baselines.plain_process --port N [--door-only]`` with the environment
of any product process. Webhooks, host, assistant and ERP client share one event loop. The parts
between them in the product (Serve, HAProxy, Ray calls) are function calls here.
"""

import argparse
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from niochat import structured_logging
from niochat.actors import actor_addresses
from niochat.adapters.postgres.queries import queries
from niochat.assistant.turn import TurnRunner
from niochat.assistant.turn_messages import TurnReport, TurnRequest
from niochat.cluster.hosts.host_process import HostProcess
from niochat.composition.assistant_factory import build_assistant, open_models
from niochat.composition.components import Components, open_components
from niochat.composition.erp_factory import InProcessErpClient, build_erp_service
from niochat.config import Settings
from niochat.domain.errors import NiochatError
from niochat.domain.ids import SHARDS
from niochat.erp.call_limiter import CallPermit, CallPermitRelease, CallPermitRequest
from niochat.http.problems import problem_response
from niochat.http.webhooks.webhook_endpoint import WebhookEndpoint, build_webhook_routes
from niochat.runtime.address import ActorAddress
from niochat.runtime.process import gc_tuning

_SQL = queries("shard_placement")
_NAME = "plain"


class InProcessPool:
    """The assistant in the same process, with the interface of a pool."""

    def __init__(self) -> None:
        self.assistant: TurnRunner | None = None

    async def run(self, request: TurnRequest) -> TurnReport:
        """Run one turn in this process."""
        assert self.assistant is not None
        return await self.assistant.run(request)


class SingleProcessHost:
    """A host that owns every shard, with its pools."""

    def __init__(self, components: Components) -> None:
        self._components = components
        pool = InProcessPool()
        self._core = HostProcess(_NAME, _NAME, components, pool, self._call, self._send)
        pool.assistant = build_assistant(
            components,
            InProcessErpClient(build_erp_service(components, self._place, self._on_erp_call_ended)),
            open_models(components),
        )

    async def start(self) -> None:
        """Take ownership of all shards and start."""
        async with self._components.database.as_system() as connection:
            owners = [self._core.incarnation] * SHARDS
            await connection.fetch(_SQL["move_shards"], list(range(SHARDS)), owners)
        self._core.start()
        await self._core.refresh()

    async def stop(self) -> None:
        """Stop the host."""
        await self._core.stop()

    def poke(self, thread_id: UUID, tenant_id: UUID) -> None:
        """Announce that a row waits for this thread."""
        self._core.poke([actor_addresses.conversation_address(thread_id)], tenant_id)

    async def _call(self, address: ActorAddress, payload: object) -> Any:
        return await self._core.ask(address, payload)

    async def _send(self, address: ActorAddress, payload: object) -> None:
        self._core.tell(address, payload)

    async def _place(self, tenant_id: UUID, permit_request: CallPermitRequest) -> CallPermit:
        permit = await self._call(actor_addresses.tenant_address(tenant_id), permit_request)
        assert isinstance(permit, CallPermit)
        return permit

    async def _on_erp_call_ended(self, tenant_id: UUID, release: CallPermitRelease) -> None:
        await self._send(actor_addresses.tenant_address(tenant_id), release)


def create_application(*, ingest_only: bool) -> Starlette:
    """Create the ASGI application.

    ``ingest_only``: webhooks are stored and answered, but no host processes them.
    """
    settings = Settings.read()
    structured_logging.configure_logging(settings.log_level, json=True)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        components = await open_components(settings)
        host = None if ingest_only else SingleProcessHost(components)
        if host is not None:
            await host.start()
        app.router.routes.extend(_routes(components, host))
        gc_tuning.tune_gc()
        yield
        if host is not None:
            await host.stop()
        await components.close()

    health = Route("/health", _health)
    return Starlette(
        routes=[health], lifespan=lifespan, exception_handlers={NiochatError: problem_response}
    )


def _routes(components: Components, host: SingleProcessHost | None) -> list[Route]:
    def ignore(*_: object) -> None:
        return None

    poke: Callable[[UUID, UUID], None] = ignore if host is None else host.poke
    return build_webhook_routes(
        WebhookEndpoint(
            components.directory, components.vault, components.inbox, poke, ignore, ignore
        )
    )


async def _health(_request: Request) -> Response:
    return Response("ok")


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m niochat_lab.bench.baselines.plain_process", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--door-only", action="store_true")
    arguments = parser.parse_args()
    config = uvicorn.Config(
        create_application(ingest_only=arguments.door_only),
        host="127.0.0.1",
        port=arguments.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="warning",
        access_log=False,
        backlog=2048,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
