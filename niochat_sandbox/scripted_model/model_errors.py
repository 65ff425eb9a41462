"""Errors in OpenAI's format."""

from niochat_sandbox.http_json import SandboxApiError


class ModelApiError(SandboxApiError):
    """A request that the endpoint rejects; ``param`` names the field, as OpenAI does."""

    def __init__(
        self, status: int, message: str, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(status, message)
        kind = "invalid_request_error"
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def build_field_error(param: str, message: str, code: str | None = "invalid_type") -> ModelApiError:
    """Build a 400 error about one field."""
    return ModelApiError(400, message, code, param)
