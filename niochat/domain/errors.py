"""The error tree. Each error has a stable code and says whether a retry can help.

NiochatError
├── InvalidInputError          the input is wrong: nothing has changed, a retry cannot help
│   └── OperationRefusedError  the input is valid, but the state does not allow the operation
│       ├── AlreadyExistsError what it would create exists already
│       └── StaleVersionError  the caller has not read the current version
├── AuthenticationError        the caller is unknown: sign in first
├── PermissionDeniedError      the caller is known, but not allowed to do this
├── RateLimitedError           too many requests: retry later
├── NotFoundError              it does not exist or belongs to another tenant: both look alike
├── ConflictError              another writer was first: load again, then retry
├── UnavailableError           a dependency does not answer: retry later
└── UnreadableDataError        written by a newer version of the code: passivate the actor
"""


class NiochatError(Exception):
    """Base class of all errors that NioChat raises on purpose."""

    code = "error"
    retryable = False

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class InvalidInputError(NiochatError):
    """The input is wrong. The message says how to correct it."""

    code = "invalid"


class OperationRefusedError(InvalidInputError):
    """The input is valid, but the current state does not allow the operation."""

    code = "refused"


class AlreadyExistsError(OperationRefusedError):
    """What the request would create exists already, with the id ``existing_id``."""

    code = "exists"

    def __init__(self, message: str, existing_id: str, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.existing_id = existing_id


class StaleVersionError(OperationRefusedError):
    """The value was changed by another request since the caller read it."""

    code = "stale"


class AuthenticationError(NiochatError):
    """The caller could not be authenticated, or its session has ended."""

    code = "unauthenticated"


class PermissionDeniedError(NiochatError):
    """The authenticated caller may not do this."""

    code = "forbidden"


class RateLimitedError(NiochatError):
    """The caller exceeded a rate limit and may retry after ``retry_after_s`` seconds."""

    code = "too_many"
    retryable = True

    def __init__(self, message: str, retry_after_s: float, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s


class NotFoundError(NiochatError):
    """The thing does not exist, or this caller may not see it."""

    code = "not_found"


class ConflictError(NiochatError):
    """Another writer was first, or this host no longer owns the shard."""

    code = "conflict"
    retryable = True


class UnavailableError(NiochatError):
    """A dependency did not answer. ``retry_after_s`` is the number of seconds after which a retry
    may succeed, if that is known.
    """

    code = "unavailable"
    retryable = True

    def __init__(
        self, message: str, *, code: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s


class UnreadableDataError(NiochatError):
    """The data was stored with a newer schema than this code knows."""

    code = "unreadable"
