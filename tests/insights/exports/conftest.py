"""Fixtures of tests of export jobs."""

from pathlib import Path

import pytest_asyncio

from tests.http.rest.conftest import rest_api
from tests.insights.exports.export_fixture import ExportsFixture
from tests.insights.test_hand_computed_metrics import WeekFixture, week

__all__ = ["rest_api", "week"]


@pytest_asyncio.fixture
async def exports(week: WeekFixture, tmp_path: Path) -> ExportsFixture:
    return ExportsFixture(week, tmp_path / "exports")
