"""A program that deploys a Serve config and waits: arguments `CONFIG ADDRESS TIMEOUT_S [--wait]`.

It is a separate process because Ray reads its flags at import, and because the launcher must stay a
small process that survives a crash of Ray.

With `--wait` it imports the applications at once, and deploys them after it has read a line from
its standard input. So the import, which takes seconds, overlaps with the start of Ray and
PostgreSQL.

It deploys in one of two ways, both public interfaces of Serve. A plain config (applications with
name, prefix and import path only) is deployed by this process: 8 s for four small applications on
2 cores. Any other config is deployed by `serve run`, which supports all fields but imports each
application again in a worker: 12 s.
"""

from __future__ import annotations

import importlib
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import ray
import yaml
from ray import serve

from niochat.launcher.ray_serve.ray_cluster import WAIT_FLAG

_POLL_S = 0.1
_PLAIN_CONFIG = {"proxy_location", "http_options", "logging_config", "applications"}
_PLAIN_APPLICATION = {"name", "route_prefix", "import_path"}


def main(config: str, address: str, timeout_s: str, *options: str) -> None:
    """Exit with 0 once every application of `config` runs, otherwise with a message."""
    document = yaml.safe_load(Path(config).read_text())
    targets = _targets(document)
    if WAIT_FLAG in options and not sys.stdin.readline():
        return  # the launcher has ended
    if targets is None:
        _run_serve_command(config, address)
    else:
        _deploy_targets(document, targets, address)
    _wait_until_running({item["name"] for item in document["applications"]}, float(timeout_s))


def _targets(document: dict[str, Any]) -> list[serve.RunTarget] | None:
    """The applications of a plain config; None when `serve run` is needed."""
    applications = document["applications"]
    plain = document.keys() <= _PLAIN_CONFIG and all(
        application.keys() <= _PLAIN_APPLICATION for application in applications
    )
    if not plain:
        return None
    imported = [_import_attribute(application["import_path"]) for application in applications]
    logs = document.get("logging_config")
    targets = [
        serve.RunTarget(target, item["name"], item.get("route_prefix", "/"), logging_config=logs)
        for target, item in zip(imported, applications, strict=True)
        if isinstance(target, serve.Application)
    ]
    # The others are builder functions, which only `serve run` can call.
    return targets if len(targets) == len(imported) else None


def _deploy_targets(document: dict[str, Any], targets: list[serve.RunTarget], address: str) -> None:
    ray.init(address=address, namespace="serve", log_to_driver=False)
    serve.start(
        proxy_location=document.get("proxy_location", "EveryNode"),
        http_options=document["http_options"],
        logging_config=document.get("logging_config"),
    )
    serve.run_many(targets, wait_for_applications_running=False)


def _run_serve_command(config: str, address: str) -> None:
    # The command `serve` is called in this process, so that Python and Ray are loaded once. It
    # reports a failure by SystemExit without a code.
    (command,) = entry_points(group="console_scripts", name="serve")
    arguments = ["run", "--non-blocking", "--address", address, config]
    try:
        command.load()(arguments, standalone_mode=False)
    except SystemExit as end:
        raise SystemExit(f"`serve run` failed to deploy {config}; see above.") from end


def _wait_until_running(names: set[str], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not _all_running(names):
        if time.monotonic() > deadline:
            sys.exit(f"Not running after {timeout_s:.0f} s: {_states(names)}")
        time.sleep(_POLL_S)


def _all_running(names: set[str]) -> bool:
    applications = serve.status().applications
    for name in names & applications.keys():
        application = applications[name]
        if application.status in ("DEPLOY_FAILED", "UNHEALTHY"):
            sys.exit(f"{name}: {application.status}. {application.message}")
    return all(name in applications and applications[name].status == "RUNNING" for name in names)


def _states(names: set[str]) -> str:
    applications = serve.status().applications
    return ", ".join(
        f"{name} {applications[name].status if name in applications else 'unknown'}"
        for name in sorted(names)
    )


def _import_attribute(path: str) -> object:
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)


if __name__ == "__main__":
    main(*sys.argv[1:])
