"""The assistant's pool as its callers see it; the pool itself is in ``assistant_replica``."""

import asyncio

from ray import serve
from ray.serve.handle import DeploymentHandle

from niochat.assistant.report import TurnReport, TurnRequest

APPLICATION = "assistant"
DEPLOYMENT = "Assistant"


class AssistantPool:
    """The pool as the hosts see it."""

    def __init__(self) -> None:
        self._handle: DeploymentHandle[object] | None = None

    async def run(self, request: TurnRequest) -> TurnReport:
        """Run a turn on some replica; cancelling this cancels it there."""
        if self._handle is None:
            self._handle = serve.get_deployment_handle(DEPLOYMENT, APPLICATION)
        response = self._handle.run.remote(request)
        try:
            report: TurnReport = await response
        except asyncio.CancelledError:
            response.cancel()  # type: ignore[no-untyped-call]
            raise
        return report
