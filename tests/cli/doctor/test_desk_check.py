"""The doctor says of the desk whether it is built, which build is served, and what to do."""

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from niochat.cli.doctor.desk_check import check_desk
from niochat.http.desk.desk_builds import DeskBuilds
from niochat.http.desk.desk_endpoint import VERSION_HEADER
from tests.http.desk.conftest import DIGEST, write_build

pytestmark = pytest.mark.asyncio


class _Page(BaseHTTPRequestHandler):
    status, version = 200, ""

    def do_GET(self) -> None:
        self.send_response(self.status)
        if self.version:
            self.send_header(VERSION_HEADER, self.version)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def page() -> Iterator[tuple[type[_Page], str]]:
    kind = type("Page", (_Page,), {})
    with HTTPServer(("127.0.0.1", 0), kind) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield kind, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def built(folder: Path) -> DeskBuilds:
    builds = DeskBuilds(folder / "dist")
    builds.publish(write_build(folder / "built"), DIGEST)
    return builds


@pytest.mark.parametrize(
    ("status", "version", "is_built", "words", "well"),
    [
        (200, DIGEST, True, f"build {DIGEST} is served", True),
        (200, DIGEST, False, f"build {DIGEST} is served", True),
        (200, "0" * 16, True, "start again", False),
        (503, "", False, "not built", False),
        (503, "", True, "Start again", False),
        (200, "", True, "proxy in front", False),
    ],
)
async def test_each_state_of_the_desk_has_its_sentence(
    page: tuple[type[_Page], str],
    tmp_path: Path,
    status: int,
    version: str,
    is_built: bool,
    words: str,
    well: bool,
) -> None:
    kind, url = page
    kind.status, kind.version = status, version
    builds = built(tmp_path) if is_built else DeskBuilds(tmp_path)

    sentence, result = await check_desk(url, builds)

    assert words in sentence
    assert result is well


async def test_a_product_that_does_not_answer_is_said_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

        sentence, well = await check_desk(url, built(tmp_path))

    assert (well, url in sentence) == (False, True)
