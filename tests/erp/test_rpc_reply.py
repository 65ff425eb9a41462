"""What the pool answers travels as data and means the same on the other side."""

import pickle

import pytest

from niochat.domain.errors import (
    ConflictError,
    InvalidInputError,
    NiochatError,
    NotFoundError,
    OperationRefusedError,
    UnavailableError,
    UnreadableDataError,
)
from niochat.erp.rpc_reply import ErpRpcReply, reply_from_error
from niochat.ports.erp import (
    Contract,
    ContractStatus,
    ErpError,
    ErpRefusedError,
    ErpWriteResult,
    ErpWriteStatus,
    Subscriber,
)

SUBSCRIBER = Subscriber("Maria", ("81988887777",), (Contract("5501", ContractStatus.REDUCED),))
VALUES = [
    None,
    SUBSCRIBER,
    (),
    b"%PDF-1.4",
    ErpWriteResult(ErpWriteStatus.UNKNOWN, reason="erp_lost"),
]
TRAITS = [(retryable, left) for retryable in (False, True) for left in (False, True)]


def travelled(reply: ErpRpcReply) -> ErpRpcReply:
    """As the other process gets it."""
    arrived = pickle.loads(pickle.dumps(reply))
    assert isinstance(arrived, ErpRpcReply)
    return arrived


@pytest.mark.parametrize("value", VALUES)
def test_a_value_survives_an_rpc_round_trip(value: object) -> None:
    assert travelled(ErpRpcReply(value)).unwrap() == value


@pytest.mark.parametrize(("retryable", "left"), TRAITS)
def test_an_error_of_the_erp_travels_with_what_it_says_about_trying_again(
    retryable: bool, left: bool
) -> None:
    error = ErpError("the ERP is away", code="erp_timeout", retryable=retryable, left=left)

    with pytest.raises(ErpError) as raised:
        travelled(reply_from_error(error)).unwrap()

    arrived = raised.value
    assert (str(arrived), arrived.code) == ("the ERP is away", "erp_timeout")
    assert (arrived.retryable, arrived.maybe_sent) == (retryable, left)


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        (ErpRefusedError("Limite de promessas atingido"), ErpRefusedError),
        (OperationRefusedError("the turn is over", code="turn_not_current"), OperationRefusedError),
        (UnavailableError("the database is away", code="database"), UnavailableError),
        (ConflictError("somebody else was first"), UnavailableError),
        (InvalidInputError("wrong"), NiochatError),
        (NotFoundError("unknown"), NiochatError),
        (UnreadableDataError("newer", code="unknown_key"), NiochatError),
        (NiochatError("anything", code="bad_statement"), NiochatError),
    ],
)
def test_every_other_error_travels_as_what_its_caller_can_act_on(
    error: NiochatError, becomes: type[NiochatError]
) -> None:
    with pytest.raises(becomes) as raised:
        travelled(reply_from_error(error)).unwrap()

    arrived = raised.value
    assert type(arrived) is becomes
    assert (str(arrived), arrived.code) == (str(error), error.code)
    assert arrived.retryable == error.retryable
