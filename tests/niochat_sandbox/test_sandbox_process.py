"""The sandbox as a process of its own."""

import asyncio
import socket
import subprocess
import sys

import httpx
import pytest

pytestmark = pytest.mark.asyncio


async def test_it_imports_nothing_of_the_product() -> None:
    script = (
        "import sys, niochat_sandbox.__main__;"
        "print([n for n in sys.modules if n.startswith('niochat.')"
        " and not n.startswith('niochat_sandbox')], 'ray' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.split() == [b"[]", b"False"]


async def test_it_starts_by_its_command() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "niochat_sandbox", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            health = await _health(f"http://127.0.0.1:{port}/sandbox/health")
            assert health == {"status": "ok", "pending_webhooks": 0}
        finally:
            process.terminate()
            assert process.wait(timeout=5) in (0, -15)


async def _health(url: str) -> object:
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(200):
            try:
                return (await http.get(url)).json()
            except httpx.ConnectError:
                await asyncio.sleep(0.05)
    raise AssertionError("the sandbox did not start")
