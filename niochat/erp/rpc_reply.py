"""Replies of the ERP's pool. Kept light, because the assistant's pool imports it too."""

from dataclasses import dataclass

from niochat.domain.errors import NiochatError, OperationRefusedError, UnavailableError
from niochat.ports.erp import ErpError, ErpRefusedError


@dataclass(frozen=True, slots=True)
class ErpFailure:
    """An error as data: Ray would wrap an exception in its own."""

    kind: str
    code: str
    message: str
    retryable: bool = False
    maybe_sent: bool = True


@dataclass(frozen=True, slots=True)
class ErpRpcReply:
    """The value of a call, or the failure."""

    value: object = None
    failure: ErpFailure | None = None

    def unwrap(self) -> object:
        """The value. Raises the error that the failure describes."""
        if self.failure is not None:
            raise _error_from_failure(self.failure)
        return self.value


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
        failure=ErpFailure(kind, error.code, str(error), error.retryable, maybe_sent)
    )


def _error_from_failure(failure: ErpFailure) -> NiochatError:
    match failure.kind:
        case "error":
            return ErpError(
                failure.message,
                code=failure.code,
                retryable=failure.retryable,
                left=failure.maybe_sent,
            )
        case "erp_refused":
            return ErpRefusedError(failure.message, code=failure.code)
        case "refused":
            return OperationRefusedError(failure.message, code=failure.code)
        case "unavailable":
            return UnavailableError(failure.message, code=failure.code)
        case _:
            return NiochatError(failure.message, code=failure.code)
