"""A position is an order over the whole log, and travels as text."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from niochat.domain.errors import InvalidInputError
from niochat.live.log_position import NO_CONVERSATION, LogPosition

POSITIONS = st.builds(LogPosition, st.integers(0, 2**63 - 1), st.uuids(), st.integers(0, 2**63 - 1))


@given(POSITIONS)
def test_a_position_survives_a_round_trip_through_text(position: LogPosition) -> None:
    assert LogPosition.parse(str(position)) == position


@given(POSITIONS)
def test_the_beginning_of_a_transaction_is_before_all_of_it(position: LogPosition) -> None:
    assert LogPosition(position.xid) <= position
    if position.conversation != NO_CONVERSATION:
        assert position < LogPosition(position.xid + 1, UUID(int=1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.2",
        "1.2.3",
        "x.y.z",
        f"-1.{NO_CONVERSATION.hex}.0",
        f"1.{NO_CONVERSATION.hex}.-1",
        f"{2**63}.{NO_CONVERSATION.hex}.0",
        f"1.{NO_CONVERSATION.hex}.{2**63}",
        "1..",
        "٣." + NO_CONVERSATION.hex + ".x",
    ],
)
def test_an_invalid_position_is_rejected(text: str) -> None:
    with pytest.raises(InvalidInputError, match="load all data again"):
        LogPosition.parse(text)
