"""Environment variables that Ray and Serve read at import: for any node, and for one machine.

The names are from the source of Ray 2.60; `RAY_SERVE_*` are in
`ray/serve/_private/constants.py`.
"""

from __future__ import annotations

import resource
from pathlib import Path

from niochat import config
from niochat.launcher.network_ports import REPLICA_PORT_COUNT, StackPorts
from niochat.launcher.ray_serve import haproxy_wrapper

_CONNECTIONS = 20_000
# HAProxy refuses to start if it cannot open 2.5 files per connection (two sockets, and for every
# fourth connection a pipe with two ends) and some files of its own.
_FILES_APART = 200

COMMON_FLAGS = {
    # Always set both: the second one alone sends all traffic through one Python proxy.
    "RAY_SERVE_ENABLE_HA_PROXY": "1",
    "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    # By default Ray runs its workers with a niceness that lets other processes take the cores.
    "RAY_worker_niceness": "0",
    # Serve buffers 1,000 lines of its replicas' standard error in memory by default: operators
    # would see nothing for hours, and the lines would be lost if the process dies.
    "RAY_SERVE_REQUEST_PATH_LOG_BUFFER_SIZE": "1",
    # gRPC uses this value as TCP_USER_TIMEOUT. A replica's event loop blocks until the caller has
    # acknowledged its answer, so one partitioned caller would block all other calls for Ray's
    # default of 120 s.
    "RAY_grpc_client_keepalive_timeout_ms": "10000",
    # Maximum time between two bytes of a client; WebSockets are pinged more often. Serve's
    # default is an hour.
    "RAY_SERVE_HAPROXY_TIMEOUT_CLIENT_S": "60",
    # HAProxy's access log has full URLs, and those of webhooks and files contain a secret. The
    # default target is UDP port 514 of this machine, on which any program may listen. This path
    # is no socket, so nothing is logged.
    "RAY_SERVE_HAPROXY_LOG_TARGET": "/dev/null",
}
"""Flags of every node in every installation; deploy/*.yaml repeat them for clusters."""

_ONE_MACHINE_FLAGS = {
    "RAY_SERVE_HAPROXY_NBTHREAD": "1",
    # With the default, every stop and redeployment takes 30 s.
    "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "2",
    # On a busy machine HAProxy needs more than the default of 5 s, after which Serve kills it.
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
    # Ray's memory monitor would kill our workers when the memory use of the whole machine,
    # browser included, reaches 95 %.
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_prestart_worker_first_driver": "0",
    "RAY_task_events_report_interval_ms": "0",
    # Shows operators fresher values than the default. Gauges disappear after twice this time.
    "RAY_metrics_report_interval_ms": "10000",
    # An idle controller used 3.9 % of a core with Serve's default of 0.1 s, and 1.0 % with this.
    "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "1.0",
    "RAY_LOG_TO_DRIVER": "0",
    # A dead HAProxy is detected after three checks: measured 24 s with Serve's default of 10 s.
    # The more frequent checks cost the two proxies and the controller 1 % of a core together.
    "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "2",
}


def ray_environment(ports: StackPorts, folder: Path, token_file: Path) -> dict[str, str]:
    """All flags, including the ports and the private `folder` of this stack.

    Ray's processes and every process that connects to them need the same flags.
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
    """Raise the soft limit of open files to the hard limit, for us and our children; returns it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def ray_cores() -> int:
    """The available cores, at least 2: Ray starts that many workers concurrently."""
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
        # Ray inserts the node id (56 characters) between folder and file name, and HAProxy appends
        # its process id while it binds: names of one letter keep the path below 107 characters.
        # The admin socket has mode 666, so only the mode of our folder protects it.
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "a"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(folder / "m"),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "server-state"),
        haproxy_wrapper.BINARY_PATH_VARIABLE: haproxy_wrapper.wrapper_program(),
    }
