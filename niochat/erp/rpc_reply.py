"""What the ERP's pool answers; light, because the assistant's pool carries it too."""

from dataclasses import dataclass

from niochat.domain.errors import NiochatError, OperationRefusedError, UnavailableError
from niochat.ports.erp import ErpError, ErpRefusedError


@dataclass(frozen=True, slots=True)
class ErpFailure:
    """An error that travels as data: Ray would wrap it into one of its own."""

    kind: str
    code: str
    message: str
    retryable: bool = False
    maybe_sent: bool = True


@dataclass(frozen=True, slots=True)
class ErpRpcReply:
    """A call's value, or why there is none."""

    value: object = None
    failure: ErpFailure | None = None

    def unwrap(self) -> object:
        """The value. Raises what the failure stands for."""
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
    left = getattr(error, "maybe_sent", True)
    return ErpRpcReply(failure=ErpFailure(kind, error.code, str(error), error.retryable, left))


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
