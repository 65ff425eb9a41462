"""A push service of a browser maker, over HTTPS on this machine."""

import datetime
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass
class PushRequest:
    """What arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class PushService:
    """``responses`` are used up first: a status and headers each; then everything is accepted."""

    url: str
    tls: ssl.SSLContext
    responses: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    requests: list[PushRequest] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Accept a notification."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(PushRequest(request.path, headers, body))
        status, more = self.responses.popleft() if self.responses else (201, {})
        return web.Response(status=status, headers=more)


@asynccontextmanager
async def start_push_service(folder: Path) -> AsyncIterator[PushService]:
    """A service with a certificate of its own, which ``tls`` trusts."""
    certificate = folder / "push.pem"
    certificate.write_bytes(_self_signed())
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(certificate)
    service = PushService("", ssl.create_default_context(cafile=str(certificate)))
    application = web.Application()
    application.router.add_post("/{path:.*}", service.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_tls)
    await site.start()
    service.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    yield service
    await runner.cleanup()


def _self_signed() -> bytes:
    """A key and its certificate for 127.0.0.1, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "push.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret + certificate.public_bytes(Encoding.PEM)
