"""What the pool answers travels as data and means the same on the other side."""

import pickle

import pytest

from niochat.domain.erp import (
    Contract,
    ContractStatus,
    ErpError,
    ErpRefused,
    Subscriber,
    WriteResult,
    WriteStatus,
)
from niochat.domain.errors import (
    Conflict,
    Invalid,
    NiochatError,
    NotFound,
    Refused,
    Unavailable,
    Unreadable,
)
from niochat.erp.report import ErpReply, failed

SUBSCRIBER = Subscriber("Maria", ("81988887777",), (Contract("5501", ContractStatus.REDUCED),))
VALUES = [None, SUBSCRIBER, (), b"%PDF-1.4", WriteResult(WriteStatus.UNKNOWN, reason="erp_lost")]
TRAITS = [(retryable, left) for retryable in (False, True) for left in (False, True)]


def travelled(reply: ErpReply) -> ErpReply:
    """As the other process gets it."""
    arrived = pickle.loads(pickle.dumps(reply))
    assert isinstance(arrived, ErpReply)
    return arrived


@pytest.mark.parametrize("value", VALUES)
def test_a_value_travels(value: object) -> None:
    assert travelled(ErpReply(value)).result() == value


@pytest.mark.parametrize(("retryable", "left"), TRAITS)
def test_an_error_of_the_erp_travels_with_what_it_says_about_trying_again(
    retryable: bool, left: bool
) -> None:
    error = ErpError("the ERP is away", code="erp_timeout", retryable=retryable, left=left)

    with pytest.raises(ErpError) as raised:
        travelled(failed(error)).result()

    arrived = raised.value
    assert (str(arrived), arrived.code) == ("the ERP is away", "erp_timeout")
    assert (arrived.retryable, arrived.left) == (retryable, left)


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        (ErpRefused("Limite de promessas atingido"), ErpRefused),
        (Refused("the turn is over", code="turn_not_current"), Refused),
        (Unavailable("the database is away", code="database"), Unavailable),
        (Conflict("somebody else was first"), Unavailable),
        (Invalid("wrong"), NiochatError),
        (NotFound("unknown"), NiochatError),
        (Unreadable("newer", code="unknown_key"), NiochatError),
        (NiochatError("anything", code="bad_statement"), NiochatError),
    ],
)
def test_every_other_error_travels_as_what_its_caller_can_act_on(
    error: NiochatError, becomes: type[NiochatError]
) -> None:
    with pytest.raises(becomes) as raised:
        travelled(failed(error)).result()

    arrived = raised.value
    assert type(arrived) is becomes
    assert (str(arrived), arrived.code) == (str(error), error.code)
    assert arrived.retryable == error.retryable
