"""Options and replies of calls to the ERP's pool. Kept light, because the assistant's pool imports
it too.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from niochat.adapters import clock
from niochat.domain.errors import NiochatError, OperationRefusedError, UnavailableError
from niochat.ports.erp import ErpError, ErpRefusedError, TimedErpRead


@dataclass(frozen=True, slots=True)
class ErpReadOptions:
    """A cached result is used if it is at most ``max_age_s`` old; ``None`` means as old as the
    cache keeps it, and 0 means never. A read ``for_agent`` leaves some places to the assistant.
    """

    max_age_s: float | None = None
    for_agent: bool = False


ANY_AGE = ErpReadOptions()


@dataclass(frozen=True, slots=True)
class ErpFailure:
    """An error as data: Ray would wrap an exception in its own."""

    kind: str
    code: str
    message: str
    retryable: bool = False
    maybe_sent: bool = True
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class ErpRpcReply:
    """The value of a call, or the failure. ``read_at`` is when the ERP gave the value of a read."""

    value: object = None
    failure: ErpFailure | None = None
    read_at: datetime | None = None

    def unwrap(self) -> object:
        """The value. Raises the error that the failure describes."""
        if self.failure is not None:
            raise _error_from_failure(self.failure)
        return self.value


def timed_read_from_reply(reply: ErpRpcReply) -> TimedErpRead[Any]:
    """The value of a read with its time. Raises the error that the failure describes."""
    return TimedErpRead(reply.unwrap(), reply.read_at or clock.now())


def reply_from_error(error: NiochatError) -> ErpRpcReply:
    """The error as data."""
    match error:
        case ErpError():
            kind = "error"
        case ErpRefusedError():
            kind = "erp_refused"
        case OperationRefusedError():
            kind = "refused"
        case _:
            kind = "unavailable" if error.retryable else "other"
    maybe_sent = getattr(error, "maybe_sent", True)
    return ErpRpcReply(
        failure=ErpFailure(
            kind,
            error.code,
            str(error),
            error.retryable,
            maybe_sent,
            getattr(error, "retry_after_s", None),
        )
    )


def _error_from_failure(failure: ErpFailure) -> NiochatError:
    match failure.kind:
        case "error":
            return ErpError(
                failure.message,
                code=failure.code,
                retryable=failure.retryable,
                left=failure.maybe_sent,
                retry_after_s=failure.retry_after_s,
            )
        case "erp_refused":
            return ErpRefusedError(failure.message, code=failure.code)
        case "refused":
            return OperationRefusedError(failure.message, code=failure.code)
        case "unavailable":
            return UnavailableError(
                failure.message, code=failure.code, retry_after_s=failure.retry_after_s
            )
        case _:
            return NiochatError(failure.message, code=failure.code)
