"""The API with the simulated ERP behind it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from niochat.adapters.postgres.database import Database
from tests.erp.conftest import origin, sgp
from tests.erp.sgp_installation_client import SgpInstallationClient
from tests.http.rest.conftest import RestApiFixture
from tests.http.rest.subscribers.erp_desk import ErpDesk, open_erp_desk

__all__ = ["origin", "sgp"]


@pytest_asyncio.fixture
async def desk(
    rest_api: RestApiFixture, database: Database, sgp: SgpInstallationClient, origin: str
) -> AsyncIterator[ErpDesk]:
    """The provider has an ERP, and one process of the pool calls it."""
    opened = await open_erp_desk(rest_api, database, sgp, f"{origin}/sgp")
    yield opened
    await opened.pool.close()
