"""The control routes of Realtime, below ``/sandbox/realtime``."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from niochat_sandbox.http_json import json_response, parse_number_field, read_object
from niochat_sandbox.supabase.realtime.realtime_endpoint import RealtimeEndpoint


class RealtimeControlApi:
    """Routes that show and change how Realtime behaves."""

    def __init__(self, endpoint: RealtimeEndpoint) -> None:
        self._endpoint = endpoint

    def routes(self) -> list[Route]:
        """The routes below ``/sandbox``."""
        return [
            Route("/realtime", self.show, methods=["GET"]),
            Route("/realtime", self.change, methods=["PUT"]),
            Route("/realtime/connections", self.disconnect, methods=["DELETE"]),
        ]

    async def show(self, _request: Request) -> Response:
        dispatcher = self._endpoint.service.dispatcher
        return json_response(
            {
                "connections": len(self._endpoint.sockets),
                "channels": sum(len(socket.channels) for socket in self._endpoint.sockets),
                "subscriptions": len(dispatcher.subscriptions),
                "sent": dispatcher.sent,
                "dropped": dispatcher.dropped,
                "max_events_per_second": dispatcher.max_events_per_second,
                "subscribe_delay_s": self._endpoint.service.subscribe_delay_s,
            }
        )

    async def change(self, request: Request) -> Response:
        """Change the given fields."""
        body = await read_object(request)
        service = self._endpoint.service
        events = parse_number_field(
            body, "max_events_per_second", service.dispatcher.max_events_per_second
        )
        delay = parse_number_field(body, "subscribe_delay_s", service.subscribe_delay_s)
        service.dispatcher.max_events_per_second = int(events)
        service.subscribe_delay_s = delay
        return await self.show(request)

    async def disconnect(self, _request: Request) -> Response:
        """Cut every connection."""
        await self._endpoint.disconnect_all()
        return Response(status_code=204)
