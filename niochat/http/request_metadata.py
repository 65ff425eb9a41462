"""What the headers and the connection of a request say about its sender."""

from starlette.requests import HTTPConnection


def client_address(connection: HTTPConnection) -> str:
    """The address of the client, empty if the server does not know it.

    Behind a trusted proxy this is the address that the proxy forwards: uvicorn's
    ``ProxyHeadersMiddleware`` runs before any endpoint.
    """
    return connection.client.host if connection.client is not None else ""


def bearer_token(connection: HTTPConnection) -> str | None:
    """The token of ``Authorization: Bearer <token>``; None without one."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
