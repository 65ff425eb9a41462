"""What a tenant configures leads to public addresses only, however it is written or looked up."""

import ast
import asyncio
import socket
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver

import niochat
from niochat.adapters.erps.sgp.client import SgpClient
from niochat.adapters.gateways.uazapi.client import UazapiClient
from niochat.adapters.gateways.uazapi.instance_admin import UazapiAdmin
from niochat.adapters.models.openai.model_client import ModelClient, ModelEndpoint, ModelError
from niochat.adapters.ssrf_guard import ForbiddenAddressError, SsrfGuard
from niochat.domain.errors import InvalidInputError, OperationRefusedError, UnavailableError
from niochat.ports.erp import ErpAccount, ErpError
from niochat.ports.gateway import GatewayCredentials, GatewayServer
from tests.adapters.gateways.uazapi.scripted_gateway import ScriptedGateway, start_scripted_gateway

PRIVATE = (
    "127.0.0.1",
    "127.8.9.10",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001::1",
    "::127.0.0.1",
    "::ffff:0:7f00:1",
    "100::1",
    "5f00::1",
    "2001:db8::1",
    "4000::1",
)
PUBLIC = ("1.1.1.1", "200.160.2.3", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101")
LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]


class FakeResolver(AbstractResolver):
    """Gives the next of its addresses with each look-up, the last one for ever."""

    def __init__(self, *addresses: str) -> None:
        self.left = deque(addresses)
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        self.asked.append(host)
        address = self.left.popleft() if len(self.left) > 1 else self.left[0]
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": kind,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
        ]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_permitted(address: str) -> None:
    assert not SsrfGuard().is_allowed(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_permitted(address: str) -> None:
    assert SsrfGuard().is_allowed(address)


def test_a_network_that_the_installation_allows_is_open_and_no_other() -> None:
    guard = SsrfGuard([ip_network("10.1.0.0/16"), *LOOPBACK])
    assert guard.is_allowed("10.1.2.3")
    assert guard.is_allowed("::ffff:10.1.2.3")
    assert guard.is_allowed("::1")
    assert not guard.is_allowed("10.2.0.1")
    assert not guard.is_allowed("169.254.169.254")


def port_of(gateway: ScriptedGateway) -> int:
    return int(gateway.line.base_url.rstrip("/").rpartition(":")[2])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ],
)
async def test_this_machine_is_not_reached_however_its_address_is_written(host: str) -> None:
    async with start_scripted_gateway() as gateway:
        gateway.set_response(200, {"instance": {"status": "connected"}})
        uazapi = UazapiClient(lookup_timeout_s=5, guard=SsrfGuard())
        try:
            with pytest.raises(UnavailableError, match=r"NIOCHAT_PRIVATE_NETWORKS|InvalidUrl"):
                await uazapi.fetch_status(
                    GatewayCredentials(f"http://{host}:{port_of(gateway)}", "t")
                )
        finally:
            await uazapi.close()
        assert gateway.requests == []


@pytest.mark.asyncio
async def test_a_name_that_is_private_by_the_time_of_the_connection_is_not_reached() -> None:
    async with start_scripted_gateway() as gateway:
        names = FakeResolver("1.1.1.1", "127.0.0.1")
        guard = SsrfGuard(resolver=names)
        url = f"http://gateway.example:{port_of(gateway)}"
        await guard.check_url(url)
        uazapi = UazapiClient(lookup_timeout_s=5, guard=guard)
        try:
            with pytest.raises(UnavailableError):
                await uazapi.fetch_status(GatewayCredentials(url, "t"))
        finally:
            await uazapi.close()
        assert names.asked == ["gateway.example"] * 2
        assert gateway.requests == []


@pytest.mark.asyncio
async def test_what_is_allowed_is_reached_under_its_own_name() -> None:
    async with start_scripted_gateway() as gateway:
        gateway.set_response(200, {"instance": {"status": "connected"}})
        uazapi = UazapiClient(guard=SsrfGuard(LOOPBACK, FakeResolver("127.0.0.1")))
        url = f"http://gateway.example:{port_of(gateway)}"
        try:
            assert (await uazapi.fetch_status(GatewayCredentials(url, "t"))).status == "connected"
        finally:
            await uazapi.close()
        (asked,) = gateway.requests
        assert asked.headers["host"] == f"gateway.example:{port_of(gateway)}"


SAYS = "the address is private: use a public one, or have the operator allow its network"


@pytest.mark.asyncio
async def test_model_and_erp_are_guarded_as_the_gateway_is_and_follow_no_redirect() -> None:
    async with start_scripted_gateway() as gateway:
        url = f"http://127.0.0.1:{port_of(gateway)}"
        for guard, arrived in ((SsrfGuard(), 0), (SsrfGuard(LOOPBACK), 2)):
            gateway.set_response(302, "", location=f"{url}/elsewhere")
            models, erp = ModelClient(guard), SgpClient(guard=guard)
            endpoint = ModelEndpoint(f"{url}/v1", "k", "m")
            try:
                with pytest.raises(ModelError, match=None if arrived else SAYS):
                    await models.complete(
                        endpoint,
                        [{"role": "user", "content": "oi"}],
                        max_tokens=9,
                        timeout_s=5,
                        stream=False,
                    )
                with pytest.raises(ErpError, match=None if arrived else SAYS):
                    await erp.probe(ErpAccount(url, "app", "t", {}), 5)
            finally:
                await models.close()
                await erp.close()
            assert all("elsewhere" not in each.path for each in gateway.requests)
            assert min(len(gateway.requests), 2) == arrived


class MultiAddressResolver(FakeResolver):
    """Gives all of its addresses at once."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        found = []
        for address in self.left:
            found += await FakeResolver(address).resolve(host, port, family)
        self.asked.append(host)
        return found


ONE = [ip_network("127.0.0.1/32")]
"""The only network that may be reached; all others of this machine are inside."""


@asynccontextmanager
async def inside(port: int) -> AsyncIterator[list[str]]:
    """Something at the same port of another address of this machine: who connected to it."""
    came: list[str] = []

    async def hear(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(str(writer.get_extra_info("peername")))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.9", port)
    async with server:
        yield came


async def ask_all(guard: SsrfGuard, url: str) -> list[str]:
    """Gateway, administration, model and ERP each ask once; who of them got no answer."""
    uazapi, administration = UazapiClient(lookup_timeout_s=5, guard=guard), UazapiAdmin(5, guard)
    models, erp = ModelClient(guard), SgpClient(guard=guard)
    calls = {
        "gateway": uazapi.fetch_status(GatewayCredentials(url, "t")),
        "administration": administration.list_instances(GatewayServer(url, "t")),
        "model": models.complete(
            ModelEndpoint(f"{url}/v1", "k", "m"),
            [{"role": "user", "content": "oi"}],
            max_tokens=9,
            timeout_s=5,
            stream=False,
        ),
        "erp": erp.probe(ErpAccount(url, "app", "t", {}), 5),
    }
    failed = []
    try:
        for name, call in calls.items():
            try:
                await call
            except (UnavailableError, OperationRefusedError, ModelError, ErpError):
                failed.append(name)
    finally:
        for each in (uazapi, administration, models, erp):
            await each.close()
    return failed


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.9", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.9"),
        ("::ffff:127.0.0.9", "127.0.0.9", "127.0.0.1"),
    ],
)
async def test_of_several_addresses_only_those_that_may_be_are_connected_to(
    addresses: tuple[str, ...],
) -> None:
    async with start_scripted_gateway() as gateway, inside(port_of(gateway)) as came:
        gateway.set_response(200, {"instance": {"status": "connected"}})
        uazapi = UazapiClient(
            lookup_timeout_s=5, guard=SsrfGuard(ONE, MultiAddressResolver(*addresses))
        )
        try:
            url = f"http://gateway.example:{port_of(gateway)}"
            assert (await uazapi.fetch_status(GatewayCredentials(url, "t"))).status == "connected"
        finally:
            await uazapi.close()
        assert came == []
        with pytest.raises(InvalidInputError):  # and it is not stored: one of them is private
            await SsrfGuard(ONE, MultiAddressResolver(*addresses)).check_url(url)


@pytest.mark.asyncio
@pytest.mark.parametrize("address", ["127.0.0.9", "::ffff:127.0.0.9", "64:ff9b::7f00:9", "::1"])
async def test_a_name_that_leads_inside_when_it_is_connected_to_is_reached_by_nobody(
    address: str,
) -> None:
    """It was public a moment before, when it was looked at."""
    async with start_scripted_gateway() as gateway, inside(port_of(gateway)) as came:
        names = FakeResolver("1.1.1.1", address)
        guard, url = SsrfGuard(ONE, names), f"http://gateway.example:{port_of(gateway)}"
        await guard.check_url(url)
        failed = await ask_all(guard, url)
        assert failed == ["gateway", "administration", "model", "erp"]
        assert set(names.asked) == {"gateway.example"}
        assert (came, gateway.requests) == ([], [])


@pytest.mark.asyncio
async def test_no_proxy_of_the_environment_is_asked_to_connect_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would be judged in place of where it leads."""
    async with start_scripted_gateway() as gateway, inside(port_of(gateway)) as came:
        proxy = f"http://127.0.0.1:{port_of(gateway)}"
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy)
            monkeypatch.setenv(name.upper(), proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        guard = SsrfGuard(ONE, FakeResolver("127.0.0.9"))
        assert len(await ask_all(guard, f"http://gateway.example:{port_of(gateway)}")) == 4
        assert len(await ask_all(guard, f"https://gateway.example:{port_of(gateway)}")) == 4
        assert (came, gateway.requests) == ([], [])


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_to_the_inside_is_followed_by_nobody(status: int) -> None:
    async with start_scripted_gateway() as gateway, inside(port_of(gateway)) as came:
        port = port_of(gateway)
        gateway.set_response(status, "", location=f"http://127.0.0.9:{port}/elsewhere")
        await ask_all(SsrfGuard(ONE), f"http://127.0.0.1:{port}")
        assert came == []
        assert len(gateway.requests) >= 4
        assert all("elsewhere" not in each.path for each in gateway.requests)


@pytest.mark.asyncio
@pytest.mark.parametrize("url", ["http://10.0.0.1", "https://[::1]/v1", "http://2130706433:80/x"])
async def test_an_address_is_refused_before_it_is_stored(url: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await SsrfGuard().check_url(url)
    assert refused.value.code == "private_address"


@pytest.mark.asyncio
async def test_a_name_that_nobody_knows_now_may_be_stored() -> None:
    await SsrfGuard().check_url("https://gateway.invalid")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("url", "addresses", "is_refused"),
    [
        ("https://project.example", ("1.1.1.1",), False),
        ("http://project.example", ("127.0.0.9",), False),
        ("http://project.example", ("1.1.1.1",), True),
        ("http://project.example", ("127.0.0.9", "1.1.1.1"), True),
    ],
)
async def test_a_secret_is_sent_in_clear_text_only_within_an_allowed_network(
    url: str, addresses: tuple[str, ...], is_refused: bool
) -> None:
    guard = SsrfGuard([ip_network("127.0.0.9/32")], MultiAddressResolver(*addresses))
    if not is_refused:
        return await guard.check_secret_url(url)
    with pytest.raises(InvalidInputError) as refused:
        await guard.check_secret_url(url)
    assert refused.value.code == "insecure_url"


def test_the_hook_makes_no_socket_for_a_private_address() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("10.0.0.1", 80))
    with pytest.raises(ForbiddenAddressError):
        SsrfGuard().create_socket(info)


def test_the_product_makes_no_client_without_a_guard() -> None:
    root = Path(niochat.__file__).parent
    found = []
    for module in root.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name(
                        id="UazapiClient"
                        | "UazapiAdmin"
                        | "SgpClient"
                        | "ModelClient"
                        | "GatewayRouter"
                        | "GatewayAdminRouter"
                        | "ErpRouter"
                    )
                    | ast.Attribute(attr="open_client" | "open_admin")
                ):
                    said = ast.unparse(node)
                    found.append(said)
                    assert "guard" in said, f"{module}: {said}"
    assert len(found) >= 8
