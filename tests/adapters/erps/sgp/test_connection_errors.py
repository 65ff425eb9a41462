"""Failures of the connection, told by their code."""

import asyncio
import traceback
import zlib

import pytest

from niochat.adapters.erps.sgp.client import SgpClient
from niochat.ports.erp import ErpAccount, ErpError, ErpRead
from tests.adapters.erps.sgp.sample_responses import (
    CPF,
    FIND,
    LINE,
    MAINTENANCES,
    PLANS,
    TICKET,
    UNLOCK,
)
from tests.adapters.erps.sgp.scripted_sgp import APP, TOKEN, ScriptedSgp, refusing_account

pytestmark = pytest.mark.asyncio


async def error_of(
    client: SgpClient, account: ErpAccount, request: ErpRead[object] = FIND, timeout_s: float = 5
) -> ErpError:
    with pytest.raises(ErpError) as error:
        await client.read(account, request, timeout_s)
    shown = "".join(traceback.format_exception(error.value))
    assert "marked-token" not in shown
    assert CPF not in shown
    return error.value


def facts(error: ErpError) -> tuple[str, bool, bool]:
    return error.code, error.maybe_sent, error.retryable


async def test_a_redirect_is_not_followed_and_a_failure_not_repeated(
    client: SgpClient, sgp: ScriptedSgp
) -> None:
    for status, code in ((301, "erp_address"), (500, "erp_failed"), (503, "erp_busy")):
        sgp.requests.clear()
        sgp.set_response("<html>", status=status, Location="/elsewhere/")
        assert (await error_of(client, sgp.account)).code == code
        assert len(sgp.requests) == 1


@pytest.mark.parametrize("request_", [FIND, PLANS])
async def test_a_huge_answer_is_not_read_to_its_end(
    client: SgpClient, sgp: ScriptedSgp, request_: ErpRead[object]
) -> None:
    sgp.set_response(b"[" + b" " * 2_100_000 + b"]")
    assert (await error_of(client, sgp.account, request_)).code == "erp_too_big"


async def test_a_huge_answer_of_unknown_length_ends_at_the_bound(
    client: SgpClient, sgp: ScriptedSgp
) -> None:
    sgp.answers["*"] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b" " * 2_100_000
    assert (await error_of(client, sgp.account)).code == "erp_too_big"


async def test_an_encoding_nobody_asked_for_is_not_unpacked(
    client: SgpClient, sgp: ScriptedSgp
) -> None:
    sgp.set_response(b"xx", Content_Encoding="br")
    assert (await error_of(client, sgp.account)).code == "erp_malformed"


def deflated(body: bytes, wbits: int) -> bytes:
    compressor = zlib.compressobj(wbits=wbits)
    return compressor.compress(body) + compressor.flush()


ENCODINGS = [
    ("gzip", zlib.MAX_WBITS + 16),
    ("deflate", zlib.MAX_WBITS),
    ("deflate", -zlib.MAX_WBITS),
]
PLAN = b'{"planos": [{"id": 1, "descricao": "F", "preco": "9,90"}]}'


@pytest.mark.parametrize(("encoding", "wbits"), ENCODINGS)
async def test_a_compressed_answer_is_read(
    client: SgpClient, sgp: ScriptedSgp, encoding: str, wbits: int
) -> None:
    sgp.set_response(deflated(PLAN, wbits), Content_Encoding=encoding)
    (plan,) = await client.read(sgp.account, PLANS, 5)
    assert plan.id == "1"


@pytest.mark.parametrize(("encoding", "wbits"), ENCODINGS)
async def test_a_compressed_answer_that_expands_beyond_the_bound_is_too_big(
    client: SgpClient, sgp: ScriptedSgp, encoding: str, wbits: int
) -> None:
    sgp.set_response(deflated(b" " * 50_000_000, wbits), Content_Encoding=encoding)
    assert (await error_of(client, sgp.account, PLANS)).code == "erp_too_big"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compressed_answer_that_is_broken_is_lost(
    client: SgpClient, sgp: ScriptedSgp, encoding: str
) -> None:
    sgp.set_response(b"no such thing", Content_Encoding=encoding)
    assert (await error_of(client, sgp.account)).code == "erp_lost"


async def test_a_refused_connection_never_left(client: SgpClient) -> None:
    error = await error_of(client, refusing_account(), PLANS)
    assert facts(error) == ("erp_unreachable", False, True)
    with pytest.raises(ErpError) as written:
        await client.write(refusing_account(), UNLOCK, 5)
    assert facts(written.value) == ("erp_unreachable", False, True)


async def test_a_name_that_cannot_be_looked_up_never_left(client: SgpClient) -> None:
    account = ErpAccount(f"http://{'a' * 70}.invalid", APP, TOKEN)
    assert facts(await error_of(client, account)) == ("erp_unreachable", False, True)


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "isp.sgp.net.br",
        "ftp://isp.sgp.net.br",
        "http://",
        "http://a b/",
        "http://[x",
        "https://u:p@isp.sgp.net.br",
        "https://isp.sgp.net.br/?x=1",
        "https://isp.sgp.net.br/#x",
        "https://isp.sgp.net.br\\@other.example",
        "https://" + "a" * 3000,
    ],
)
async def test_a_base_address_that_is_none_is_told(client: SgpClient, base_url: str) -> None:
    account = ErpAccount(base_url, APP, TOKEN)
    assert facts(await error_of(client, account)) == ("erp_address", False, False)


@pytest.mark.parametrize("request_", [LINE, MAINTENANCES])
async def test_a_connection_that_breaks_after_writing_is_lost(
    client: SgpClient, sgp: ScriptedSgp, request_: ErpRead[object]
) -> None:
    sgp.resets = True
    error = await error_of(client, sgp.account, request_)
    assert facts(error) == ("erp_lost", True, True)


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{", b"nonsense\r\n\r\n"]
)
async def test_half_an_answer_is_lost_and_the_write_is_not_repeated(
    client: SgpClient, sgp: ScriptedSgp, answer: bytes
) -> None:
    sgp.answers["*"] = answer
    with pytest.raises(ErpError) as error:
        await client.write(sgp.account, TICKET, 5)
    assert facts(error.value) == ("erp_lost", True, True)
    assert len(sgp.requests) == 1


async def test_nonsense_for_a_get_quotes_no_token(client: SgpClient, sgp: ScriptedSgp) -> None:
    sgp.answers["*"] = b"nonsense\r\n\r\n"
    assert (await error_of(client, sgp.account, PLANS)).code == "erp_lost"


async def test_silence_ends_at_the_time_given(client: SgpClient, sgp: ScriptedSgp) -> None:
    sgp.hangs = True
    error = await error_of(client, sgp.account, timeout_s=0.2)
    assert facts(error) == ("erp_timeout", True, True)


async def test_a_body_that_never_ends_ends_at_the_time_given(
    client: SgpClient, sgp: ScriptedSgp
) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        account = ErpAccount(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", APP, TOKEN)
        error = await error_of(client, account, timeout_s=0.2)
    assert facts(error) == ("erp_timeout", True, True)


async def test_a_cancelled_call_is_cancelled_and_the_pool_goes_on(
    client: SgpClient, sgp: ScriptedSgp
) -> None:
    sgp.hangs = True
    call = asyncio.create_task(client.read(sgp.account, PLANS, 5))
    await sgp.reached.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    sgp.hangs = False
    sgp.set_response([])
    assert await client.read(sgp.account, PLANS, 5) == ()


async def test_no_cookie_of_one_tenant_reaches_another(client: SgpClient, sgp: ScriptedSgp) -> None:
    sgp.set_response([], Set_Cookie="session=abc; Path=/")
    await client.read(sgp.account, PLANS, 5)
    await client.read(sgp.account, PLANS, 5)
    assert "cookie" not in sgp.requests[1].headers
