"""A drained host. In the lane long: what others talk about would move in the middle of a turn."""

from collections.abc import Callable

import pytest

from tests.end_to_end.conftest import EndToEndFixture
from tests.end_to_end.operations.test_operator_inspection import asked
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio


async def test_a_drained_host_gives_its_shards_away_and_gets_them_back(
    running_product: EndToEndFixture,
) -> None:
    customer = running_product.customer()

    async def shards(holds: Callable[[int], bool]) -> bool:
        hosts = (await asked(running_product, "hosts"))["hosts"]
        return holds(next(host["shards"] for host in hosts if host["name"] == "host-0"))

    await running_product.niochat("actors", "--drain", "host-0")
    try:
        await wait_until(lambda: shards(lambda count: count == 0))
        await customer.tell(1)
        await customer.hears(1)
        refused = await running_product.niochat("actors", "--drain", "host-1", code=1)
        assert "No other host" in refused.err
    finally:
        await running_product.niochat("actors", "--undrain", "host-0")
    await wait_until(lambda: shards(lambda count: count > 0))
