"""One cluster for all tests of this folder: a head and two workers, services beside them."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from niochat.cli.commands.demo_commands import apply_demo
from niochat.launcher.home_folder import HomeFolder
from tests.multi_node.cluster_services import Services
from tests.multi_node.network_namespaces import NetworkNamespaces, missing_requirement, run_inside
from tests.multi_node.ray_nodes import LABEL, RayNodes

WORKERS = (11, 12)


@dataclass(frozen=True)
class RayClusterFixture:
    """What a test needs of it."""

    nodes: RayNodes
    services: Services


@pytest.fixture(scope="package")
def cluster() -> Iterator[RayClusterFixture]:
    """Real nodes in network namespaces; the tests themselves stand in the services' one."""
    if reason := missing_requirement():
        pytest.skip(reason)
    machines = NetworkNamespaces()
    with TemporaryDirectory(prefix="nio-") as folder:
        home = HomeFolder.create(Path(folder))
        try:
            machines.open()
            with run_inside(machines.room):
                yield from _running(home, machines)
        finally:
            machines.close()


def _running(home: HomeFolder, machines: NetworkNamespaces) -> Iterator[RayClusterFixture]:
    services = Services(home)
    settings = {
        "NIOCHAT_HOSTS": "2",
        "NIOCHAT_MAX_HOSTS": "3",
        "NIOCHAT_BACKFILL_S": "5",
        "NIOCHAT_HOST_LAG_MS": "100000",
        "NIOCHAT_NODE_LABEL": LABEL,
        "NIOCHAT_REPLICAS": "2",
        "NIOCHAT_POOLS": "apart",
        "NIOCHAT_MAX_POOL": "3",
        "NIOCHAT_RELEASE": "first",
    }
    nodes = RayNodes(
        home, machines, services.environment | settings, services.credentials.ray_token
    )
    try:
        nodes.launch(RayNodes.HEAD)
        services.start()
        nodes.wait(RayNodes.HEAD)
        for number in WORKERS:
            nodes.launch(number)
        services.front([*WORKERS, 13])
        for number in WORKERS:
            nodes.wait(number)
        nodes.deploy()
        _apply(services)
        yield RayClusterFixture(nodes, services)
    finally:
        nodes.stop()
        services.stop()
        shutil.rmtree(home.temporary_folder(), ignore_errors=True)


def _apply(services: Services) -> None:
    """The demo provider, as ``scripts/run`` does."""
    before = dict(os.environ)
    os.environ.update(services.environment | {"NIOCHAT_HOME": str(services.home.folder)})
    try:
        asyncio.run(apply_demo(users=False))  # other machines reach these nodes
    finally:
        os.environ.clear()
        os.environ.update(before)
