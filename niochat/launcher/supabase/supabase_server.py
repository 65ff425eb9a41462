"""The Supabase sandbox as a child process of the stack."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from niochat.launcher.desk_build.node_runtime import DeskBuildError, NodeRuntime, find_node
from niochat.launcher.home_folder import HomeFolder, read_json
from niochat.launcher.ray_serve.ray_cluster import CHECKOUT_FOLDER, shipped_file
from niochat.launcher.stack_errors import StackError
from niochat.launcher.subprocesses import ProgressCallback, http_get, spawn, wait_until
from niochat.launcher.supabase.example_page import install_page

POSTGRES_SETTINGS = {"wal_level": "logical"}
"""What Realtime needs of the server."""
ADMIN_VARIABLE = "SUPABASE_SANDBOX_DATABASE_URL"
URL_VARIABLE = "NIOCHAT_SUPABASE_URL"
# The first start fetches PostgREST.
_START_S = 180.0


class SupabaseServer:
    """Runs `python -m niochat_sandbox.supabase` on a port of the stack."""

    def __init__(self, home: HomeFolder, port: int, address: str = "127.0.0.1") -> None:
        self._home = home
        self._port = port
        self._listen_address = address
        self._node: NodeRuntime | None = None

    @property
    def url(self) -> str:
        """URL of the project."""
        return f"http://{self._listen_address}:{self._port}"

    @property
    def dashboard_url(self) -> str:
        """Address of the example page."""
        return f"{self.url}/dashboard/"

    def prepare(self, progress: ProgressCallback) -> None:
        """Make the files of the example page. Raises `StackError`."""
        try:
            self._node = find_node(CHECKOUT_FOLDER, progress)
        except DeskBuildError as error:
            raise StackError(f"The Supabase sandbox needs npm: {error}.") from error
        install_page(self._page_folder, self._node, progress)

    def start(self, admin_url: str, product_url: str) -> None:
        """Start the sandbox on the server of the superuser's `admin_url`; returns once the project
        has the tables of the mirror. It accepts the tenant tokens of the product.
        """
        node = self._node
        if node is None:
            raise RuntimeError("prepare it first")
        api = f"{product_url}/api/v1"
        command = [sys.executable, "-m", "niochat_sandbox.supabase"]
        command += ["--home", str(self._home.folder), "--host", self._listen_address]
        command += ["--port", str(self._port), "--cache", str(self._cache_folder)]
        command += ["--migrations", str(shipped_file("deploy/supabase/migrations"))]
        command += ["--jwks-url", f"{api}/tenant-tokens/.well-known/jwks.json"]
        command += ["--token-url", f"{api}/supabase/token"]
        command += ["--dashboard", str(self._page_folder), "--npm", *node.npm]
        log = self._home.log_file("supabase")
        started_at = log.stat().st_size if log.exists() else 0
        environment = {**node.environment(os.environ), ADMIN_VARIABLE: admin_url}
        child = spawn(self._home, "supabase", command, environment)
        # The project answers before its tables are there, so its last line of the log counts.
        wait_until(lambda: self._has_started(log, started_at), child, log, _START_S)

    def environment(self) -> Mapping[str, str]:
        """The project as that of the installation; empty before the first start."""
        keys = read_json(self._folder / "keys.json")
        if not keys:
            return {}
        return {
            URL_VARIABLE: self.url,
            "NIOCHAT_SUPABASE_KEY": str(keys["secret_key"]),
            "NIOCHAT_SUPABASE_PUBLISHABLE_KEY": str(keys["publishable_key"]),
        }

    @property
    def _folder(self) -> Path:
        return self._home.folder / "supabase"

    @property
    def _page_folder(self) -> Path:
        return self._folder / "dashboard"

    @property
    def _cache_folder(self) -> Path:
        """The one that the tests use, too, so that PostgREST is fetched once for a checkout."""
        return CHECKOUT_FOLDER / ".postgrest"

    def _has_started(self, log: Path, started_at: int) -> bool:
        with log.open("rb") as stream:
            stream.seek(started_at)
            if f"Supabase: {self.url} ".encode() not in stream.read():
                return False
        return http_get(self._port, "/sandbox/health", self._listen_address) is not None


def require_possible(sandbox: bool, database_url: str | None) -> None:
    """Raise `StackError` if a stack without this sandbox, with this external database or with the
    project of its environment cannot have the Supabase sandbox.
    """
    if not sandbox:
        raise StackError("--supabase sandbox belongs to the demo: omit --no-sandbox.")
    if database_url:
        raise StackError(
            "--supabase sandbox needs the embedded PostgreSQL: unset DATABASE_URL, or start "
            "without --supabase."
        )
    if os.environ.get(URL_VARIABLE):
        raise StackError(
            f"{URL_VARIABLE} names another project: unset it, or start without --supabase."
        )
