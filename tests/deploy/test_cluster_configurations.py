"""The configurations of clusters fit their schemas, one another, and what the code needs."""

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import niochat
from niochat.cluster.cluster_nodes import NODE_LABEL_VARIABLE, NodeRole
from niochat.config import Settings
from niochat.launcher.ray_serve.ray_flags import COMMON_FLAGS

ROOT = Path(niochat.__file__).parents[1]
UPS = [ROOT / "cluster.yaml", ROOT / "deploy" / "cluster-aws.yaml"]
MANIFESTS = sorted((ROOT / "deploy").glob("*.yaml"))

every_up = pytest.mark.parametrize("file", UPS, ids=lambda path: path.name)


def loaded(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def service() -> dict[str, Any]:
    found: dict[str, Any] = next(
        yaml.safe_load_all((ROOT / "deploy" / "rayservice.yaml").read_text())
    )
    return found


def kubernetes() -> dict[str, dict[str, Any]]:
    """Settings and secrets of the examples, by the name that the service refers to."""
    files = [ROOT / "deploy" / f"{name}.example.yaml" for name in ("config", "secret")]
    documents = [each for file in files for each in yaml.safe_load_all(file.read_text())]
    return {d["metadata"]["name"]: d.get("data") or d["stringData"] for d in documents}


def exports(command: str) -> dict[str, str]:
    return dict(re.findall(r"\b(RAY_\w+)=(\S+)", command.partition("ray start")[0]))


@every_up
def test_a_cluster_of_ray_up_fits_the_schema_of_ray(file: Path) -> None:
    spec = importlib.util.find_spec("ray")
    assert spec is not None
    assert spec.submodule_search_locations
    schema = Path(spec.submodule_search_locations[0]) / "autoscaler" / "ray-schema.json"

    jsonschema.validate(loaded(file), json.loads(schema.read_text()))


@every_up
@pytest.mark.parametrize("kind", ["head", "worker"])
def test_every_flag_stands_before_the_start_of_ray(file: Path, kind: str) -> None:
    *_, start = loaded(file)[f"{kind}_start_ray_commands"]

    assert exports(start).items() >= COMMON_FLAGS.items()
    assert "RAY_AUTH_TOKEN_PATH" in exports(start)
    assert ("--num-cpus=0" in start) == (kind == "head")


def test_the_labels_of_the_nodes_are_those_that_the_code_selects_by() -> None:
    parts = {str(part) for part in NodeRole}
    (label,) = re.findall(
        r"--labels=niochat-carries=(\w+)", loaded(UPS[0])["worker_start_ray_commands"][1]
    )
    types = loaded(UPS[1])["available_node_types"]
    groups = service()["spec"]["rayClusterConfig"]["workerGroupSpecs"]
    named = kubernetes()["niochat-settings"][NODE_LABEL_VARIABLE]

    assert label in parts
    assert {t["labels"][named] for t in types.values()} - {"nothing"} == parts - {NodeRole.ANY}
    assert {group["labels"][named] for group in groups} == parts - {NodeRole.ANY}


def test_the_ray_service_has_no_field_that_kuberay_does_not_know() -> None:
    schema = json.loads((ROOT / "tests/fixtures/rayservice.schema.json").read_text())

    jsonschema.validate(service(), schema)


def test_the_ray_service_deploys_what_everybody_deploys() -> None:
    deployed = yaml.safe_load(service()["spec"]["serveConfigV2"])

    assert deployed == loaded(ROOT / "serve_config.yaml")


def test_every_pod_has_every_flag_and_every_setting_without_a_default() -> None:
    cluster = service()["spec"]["rayClusterConfig"]
    given = kubernetes()
    needed = {str(f.validation_alias) for f in Settings.model_fields.values() if f.is_required()}
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        (container,) = group["template"]["spec"]["containers"]
        sources = [source for each in container["envFrom"] for source in each.values()]
        environment = {k: v for source in sources for k, v in given[source["name"]].items()}
        assert environment.items() >= COMMON_FLAGS.items()
        assert environment.keys() >= needed


def test_the_token_is_on_and_the_head_carries_nothing() -> None:
    cluster = service()["spec"]["rayClusterConfig"]

    assert cluster["authOptions"] == {"mode": "token"}
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"


def test_ray_is_the_version_that_is_locked() -> None:
    locked = re.search(r"^ray==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)

    assert locked
    assert service()["spec"]["rayClusterConfig"]["rayVersion"] == locked[1]


@pytest.mark.parametrize("file", [*MANIFESTS, *UPS], ids=lambda path: path.name)
def test_no_configuration_holds_a_secret(file: Path) -> None:
    for document in yaml.safe_load_all(file.read_text()):
        if document.get("kind") == "Secret":
            assert all(value.startswith("REPLACE") for value in document["stringData"].values())
    assert not re.findall(r"(?i)(?:password|token|key): *[\w+/=]{20,}", file.read_text())


def test_no_process_of_a_node_names_its_own_machine_or_shares_a_folder() -> None:
    """What runs on one machine only (`launcher`, `cli`) may; the rest must not."""
    apart = {"launcher", "cli"}
    package = ROOT / "niochat"
    for module in package.rglob("*.py"):
        room, text = module.relative_to(package).parts[0], module.read_text()
        if room not in apart and module.name != "config.py":
            assert not re.findall(r"localhost|127\.0\.0|settings\.home|/tmp", text), module
    defaults = re.findall(r"127\.0\.0\.\d+", (package / "config.py").read_text())
    assert len(defaults) == 1, "whose X-Forwarded-For is believed: set it on a cluster"
