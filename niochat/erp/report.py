"""What the ERP's pool answers; light, because the assistant's pool carries it too."""

from dataclasses import dataclass

from niochat.domain.erp import ErpError, ErpRefusedError
from niochat.domain.errors import NiochatError, OperationRefusedError, UnavailableError


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that travels as data: Ray would wrap it into one of its own."""

    kind: str
    code: str
    message: str
    retryable: bool = False
    left: bool = True


@dataclass(frozen=True, slots=True)
class ErpReply:
    """A call's value, or why there is none."""

    value: object = None
    failure: Failure | None = None

    def result(self) -> object:
        """The value. Raises what the failure stands for."""
        if self.failure is not None:
            raise _error(self.failure)
        return self.value


def failed(error: NiochatError) -> ErpReply:
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
    return ErpReply(failure=Failure(kind, error.code, str(error), error.retryable, left))


def _error(failure: Failure) -> NiochatError:
    match failure.kind:
        case "error":
            return ErpError(
                failure.message, code=failure.code, retryable=failure.retryable, left=failure.left
            )
        case "erp_refused":
            return ErpRefusedError(failure.message, code=failure.code)
        case "refused":
            return OperationRefusedError(failure.message, code=failure.code)
        case "unavailable":
            return UnavailableError(failure.message, code=failure.code)
        case _:
            return NiochatError(failure.message, code=failure.code)
