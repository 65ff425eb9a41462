"""A PostgREST as a child process, which serves one project's database on a Unix socket.

It is configured by environment variables like the one of a Supabase project. A socket needs no
free port, and nobody but the gateway can reach it.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import psutil

START_S = 30.0
STOP_S = 5.0
MAX_ROWS = 1000
"""Of a response to a read or a call, Supabase's default."""
_POLL_S = 0.02
_RELOAD_S = 15.0
_NOTIFY_AGAIN_S = 1.0
_LOADED = b"Schema cache loaded"
_LISTENING = b"Listening for notifications"


class PostgrestProcess:
    """One PostgREST. Its log and the id of its process are in ``folder``."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary = binary
        self._log = folder / "postgrest.log"
        self._pid_file = folder / "postgrest.pid"
        self._sockets = ""
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> str:
        """Path of the socket; a path of a home folder may be too long for one."""
        return f"{self._sockets}/rest.sock"

    @property
    def log(self) -> Path:
        """What PostgREST has written since its start."""
        return self._log

    async def start(self, database_url: str, jwt_secret: str) -> None:
        """Start it; returns once it serves requests. ``jwt_secret``: a JWKS as JSON.

        Ends the process that a killed predecessor has left. Raises ``RuntimeError`` with the end of
        the log if it does not start.
        """
        self._end_predecessor()
        self._sockets = tempfile.mkdtemp(prefix="postgrest-")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PGRST_")},
            "PGRST_DB_URI": database_url,
            "PGRST_DB_SCHEMAS": "public",
            "PGRST_DB_EXTRA_SEARCH_PATH": "public,extensions",
            "PGRST_DB_ANON_ROLE": "anon",
            "PGRST_DB_MAX_ROWS": str(MAX_ROWS),
            "PGRST_DB_POOL": "10",
            "PGRST_DB_CHANNEL_ENABLED": "true",
            "PGRST_JWT_SECRET": jwt_secret,
            "PGRST_SERVER_UNIX_SOCKET": self.socket,
            "PGRST_OPENAPI_MODE": "follow-privileges",
        }
        self._child = self._spawn(environment)
        self._pid_file.write_text(f"{self._child.pid}\n", encoding="utf-8")
        await self._wait_until_ready()

    def _spawn(self, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with self._log.open("wb") as output:
            return subprocess.Popen(
                [self._binary],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
            )

    async def stop(self) -> None:
        """End it; no-op if it does not run."""
        child, self._child = self._child, None
        if child is not None and child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(child.wait, STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._pid_file.unlink(missing_ok=True)
        shutil.rmtree(self._sockets, ignore_errors=True)

    async def reload_schema(self, notify: Callable[[], None]) -> None:
        """Return once it knows the schema as it is now. ``notify``: runs ``NOTIFY pgrst`` once.

        It reads once at a time, so the second read that ends from now on has begun after now.
        """
        for _ in range(2):
            await self._wait_for_load(notify)

    async def _wait_for_load(self, notify: Callable[[], None]) -> None:
        before, deadline = self._loads(), time.monotonic() + _RELOAD_S
        while time.monotonic() < deadline:
            await asyncio.to_thread(notify)
            again = time.monotonic() + _NOTIFY_AGAIN_S  # it ignores what arrives while it reads
            while time.monotonic() < again:
                if self._loads() > before:
                    return
                await asyncio.sleep(_POLL_S)
        raise self._start_error(f"has not read the schema in {_RELOAD_S:.0f} s")

    def _loads(self) -> int:
        """How often it has read the schema since its start."""
        return self._log.read_bytes().count(_LOADED)

    async def _wait_until_ready(self) -> None:
        transport = httpx.AsyncHTTPTransport(uds=self.socket)
        async with httpx.AsyncClient(transport=transport, base_url="http://postgrest") as client:
            deadline = time.monotonic() + START_S
            while not await self._is_ready(client):
                if time.monotonic() > deadline:
                    raise self._start_error(f"was not ready in {START_S:.0f} s")
                await asyncio.sleep(_POLL_S)

    async def _is_ready(self, client: httpx.AsyncClient) -> bool:
        if self._child is not None and self._child.poll() is not None:
            raise self._start_error(f"ended with {self._child.returncode}")
        try:
            return (await client.head("/")).status_code < 500 and self._has_started()
        except httpx.TransportError:
            return False

    def _has_started(self) -> bool:
        written = self._log.read_bytes()
        return _LOADED in written and _LISTENING in written

    def _start_error(self, what: str) -> RuntimeError:
        end = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        return RuntimeError("\n".join([f"PostgREST {what}; its log is {self._log}", *end]))

    def _end_predecessor(self) -> None:
        try:
            process = psutil.Process(int(self._pid_file.read_text(encoding="utf-8")))
            if Path(process.exe()) == self._binary.resolve():
                process.kill()
                process.wait(STOP_S)
        except (OSError, ValueError, psutil.Error):
            pass
        self._pid_file.unlink(missing_ok=True)
