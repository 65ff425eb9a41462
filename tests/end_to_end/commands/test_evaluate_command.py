"""The shipped scenarios, with the simulated model, on the whole running stack."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from niochat_lab.evaluation.definitions.scenario_loader import load_all_scenarios
from tests.end_to_end.conftest import EndToEndFixture

pytestmark = pytest.mark.asyncio


async def evaluated(running_product: EndToEndFixture, *kinds: str) -> Sequence[Any]:
    """Results of the kinds, after all of them passed."""
    file = running_product.folder / "evaluation.json"
    said = await running_product.niochat(
        "evaluate", *kinds, "--at-once", "12", "--json", str(file), code=None, within_s=240
    )
    found = json.loads(file.read_text("utf-8"))
    failed = {each["name"]: each["problems"] for each in found["scenarios"] if each["problems"]}
    assert not failed, said.err
    assert said.code == 0
    skipped = {each["name"] for each in found["scenarios"] if each["skipped"]}
    assert skipped <= {each.name for each in load_all_scenarios() if each.only == "real"}
    return [each for each in found["scenarios"] if not each["skipped"]]


async def test_every_flow_and_edge_does_what_it_must(running_product: EndToEndFixture) -> None:
    results = await evaluated(running_product, "flow", "edge")

    assert len(results) >= 30
    assert all(each["transcript"] for each in results)
    assert sum(each["tokens_in"] for each in results) > 0


async def test_every_injection_and_fault_ends_as_it_must(running_product: EndToEndFixture) -> None:
    results = await evaluated(running_product, "injection", "fault")

    assert len(results) >= 20


async def test_what_a_scenario_did_does_not_stand_in_its_way_again(
    running_product: EndToEndFixture,
) -> None:
    for _ in range(2):
        await evaluated(running_product, "suspenso-desbloqueia", "erp-pagina-html")
