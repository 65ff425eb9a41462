"""The error tree. Each error has a stable code and says whether trying again can help.

NiochatError
├── Invalid        the input is wrong: changes nothing, retry cannot help
│   └── Refused    the input is right, the state does not allow it
├── Unauthenticated  nobody we know: sign in first
├── Forbidden      known, and not allowed to do this
├── TooMany        allowed, but not so often: come again later
├── NotFound       unknown, or not yours: both look the same
├── Conflict       somebody else wrote first: load again, then retry
├── Unavailable    a part we need is away: retry helps
└── Unreadable     written by a newer version of the code: passivate, do not guess
"""


class NiochatError(Exception):
    """Root of all errors that this product raises on purpose."""

    code = "error"
    retryable = False

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class InvalidInputError(NiochatError):
    """The input is wrong; the message says what to do."""

    code = "invalid"


class OperationRefusedError(InvalidInputError):
    """The input is well formed but what it asks is not allowed now."""

    code = "refused"


class AuthenticationError(NiochatError):
    """Nobody we know, or not any more."""

    code = "unauthenticated"


class PermissionDeniedError(NiochatError):
    """Somebody we know may not do this."""

    code = "forbidden"


class RateLimitedError(NiochatError):
    """More than anybody may; ``retry_after_s`` says when there is room again."""

    code = "too_many"
    retryable = True

    def __init__(self, message: str, retry_after_s: float, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s


class NotFoundError(NiochatError):
    """There is no such thing for this caller."""

    code = "not_found"


class ConflictError(NiochatError):
    """Another writer was first, or this host no longer owns the shard."""

    code = "conflict"
    retryable = True


class UnavailableError(NiochatError):
    """A part this work needs did not answer. ``retry_after_s``: when it will, if that is known."""

    code = "unavailable"
    retryable = True

    def __init__(
        self, message: str, *, code: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s


class UnreadableDataError(NiochatError):
    """Stored by a newer schema than this code knows."""

    code = "unreadable"
