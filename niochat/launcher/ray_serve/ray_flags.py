"""The environment Ray and Serve read when they are imported: of any node, and of one machine.

The names were read in the source of Ray 2.60; `RAY_SERVE_*` stand in
`ray/serve/_private/constants.py`.
"""

from __future__ import annotations

import resource
from pathlib import Path

from niochat import config
from niochat.launcher.network_ports import REPLICA_PORT_COUNT, StackPorts
from niochat.launcher.ray_serve import haproxy_wrapper

_CONNECTIONS = 20_000
# HAProxy refuses to start when it cannot open 2.5 files for each connection (two ends, and a
# quarter of the connections a pipe with two ends more), and some of its own.
_FILES_APART = 200

COMMON_FLAGS = {
    # Always as a pair: the second alone moves all traffic to one Python proxy.
    "RAY_SERVE_ENABLE_HA_PROXY": "1",
    "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray's default lets its workers lose every fight for a core.
    "RAY_worker_niceness": "0",
    # Serve takes the standard error of its replicas and would keep 1,000 lines of it in memory:
    # an operator would read nothing for hours, and lose it all with the process.
    "RAY_SERVE_REQUEST_PATH_LOG_BUFFER_SIZE": "1",
    # gRPC sets TCP_USER_TIMEOUT to it. A replica's event loop stands still until the caller has
    # acknowledged its answer, so one caller that is cut off would stop all the others' turns for
    # Ray's 120 s.
    "RAY_grpc_client_keepalive_timeout_ms": "10000",
    # Of a client, between two bytes; a socket is pinged more often. Serve's own is an hour.
    "RAY_SERVE_HAPROXY_TIMEOUT_CLIENT_S": "60",
    # HAProxy's access log has whole addresses, and some hold a secret: webhooks', files'. Its
    # default target is a port of this machine (UDP 514) that anybody may listen on. This is no
    # socket and cannot become one.
    "RAY_SERVE_HAPROXY_LOG_TARGET": "/dev/null",
}
"""What every node of every size starts with; the configurations of clusters say the same."""

_ONE_MACHINE_FLAGS = {
    "RAY_SERVE_HAPROXY_NBTHREAD": "1",
    # Without it every stop and redeployment takes 30 s.
    "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "2",
    # On a busy machine a HAProxy needs more than the five seconds after which Serve kills it.
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
    # It would end our workers when the whole machine, browser included, is at 95 %.
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_prestart_worker_first_driver": "0",
    "RAY_task_events_report_interval_ms": "0",
    # An operator who looks should not see the last half minute. Gauges go after twice as long.
    "RAY_metrics_report_interval_ms": "10000",
    # Idle, the controller took 3.9 % of a core with Serve's own 0.1 s, and 1.0 % with this.
    "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "1.0",
    "RAY_LOG_TO_DRIVER": "0",
    # HAProxy that died is noticed after three checks: measured 24 s with Serve's own 10 s. Each
    # second asking it twice costs the two proxies and the controller 1 % of a core together.
    "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "2",
}


def ray_environment(ports: StackPorts, folder: Path, token_file: Path) -> dict[str, str]:
    """Every flag, with the ports and the private `folder` of this stack.

    Ray's processes and every program that connects to them need the same ones.
    """
    return (
        COMMON_FLAGS
        | _ONE_MACHINE_FLAGS
        | {
            "RAY_AUTH_TOKEN_PATH": str(token_file),
            "DASHBOARD_METRIC_PORT": str(ports.dashboard_metrics),
            "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(ports.fallback_http),
            "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": str(ports.fallback_grpc),
            **_replica_port_flags(ports),
            **_haproxy_flags(ports, folder),
        }
    )


def raise_open_files_limit() -> int:
    """Raise how many files we and our children may open to what is allowed; returns it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def ray_cores() -> int:
    """The cores we may use, and 2 at least: Ray starts that many workers at a time."""
    return max(2, config.available_cores())


def _replica_port_flags(ports: StackPorts) -> dict[str, str]:
    prefix = "RAY_SERVE_DIRECT_INGRESS"
    return {
        f"{prefix}_MIN_HTTP_PORT": str(ports.replica_http),
        f"{prefix}_MAX_HTTP_PORT": str(ports.replica_http + REPLICA_PORT_COUNT - 1),
        f"{prefix}_MIN_GRPC_PORT": str(ports.replica_grpc),
        f"{prefix}_MAX_GRPC_PORT": str(ports.replica_grpc + REPLICA_PORT_COUNT - 1),
    }


def _haproxy_flags(ports: StackPorts, folder: Path) -> dict[str, str]:
    limit = raise_open_files_limit()
    allowed = (limit - _FILES_APART) * 2 // 5
    connections = _CONNECTIONS if limit < 0 else min(_CONNECTIONS, allowed)
    return {
        "RAY_SERVE_HAPROXY_STATS_PORT": str(ports.haproxy_stats),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(ports.haproxy_metrics),
        "RAY_SERVE_HAPROXY_MAXCONN": str(connections),
        # Ray puts the node's id (56 characters) between folder and file, and HAProxy appends
        # its process id while it binds: names of one letter stay below 107 characters. The
        # administration socket is open to everybody by its mode (666), not by our folder's.
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "a"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(folder / "m"),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "server-state"),
        haproxy_wrapper.BINARY_PATH_VARIABLE: haproxy_wrapper.wrapper_program(),
    }
