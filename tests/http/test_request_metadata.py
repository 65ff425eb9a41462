"""Bearer tokens and client addresses of requests."""

import pytest
from starlette.requests import HTTPConnection

from niochat.http.request_metadata import bearer_token, client_address


def connection(authorization: str | None, client: tuple[str, int] | None) -> HTTPConnection:
    headers = [] if authorization is None else [(b"authorization", authorization.encode())]
    return HTTPConnection({"type": "http", "headers": headers, "client": client})


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Bearer", None),
        ("Bearer  ", None),
        ("Basic abc", None),
        ("abc", None),
        ("", None),
        (None, None),
    ],
)
def test_a_bearer_token_is_read_from_its_header(header: str | None, token: str | None) -> None:
    assert bearer_token(connection(header, None)) == token


def test_the_address_is_that_of_the_connection() -> None:
    assert client_address(connection(None, ("192.0.2.1", 7))) == "192.0.2.1"
    assert client_address(connection(None, None)) == ""
