"""The file store, on a directory and on a server that speaks S3: the same promises."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from niochat.adapters.file_store import FileStore
from niochat.domain.errors import InvalidInputError, UnavailableError

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Address of a server with the bucket ``niochat``."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
    ).create_bucket(Bucket="niochat")
    yield address
    server.stop()


@pytest.fixture(params=["directory", "s3"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FileStore:
    if request.param == "directory":
        return FileStore.from_url((tmp_path / "files").as_uri())
    for name, value in {
        "AWS_ENDPOINT_URL": request.getfixturevalue("s3"),
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return FileStore.from_url(f"s3://niochat/{uuid4()}")


async def test_what_was_put_is_got_whole_and_in_parts(store: FileStore) -> None:
    await store.put("t/a", b"0123456789")

    assert await store.get("t/a") == b"0123456789"
    assert await store.get_range("t/a", 3, 4) == b"3456"


async def test_what_is_not_there_is_nothing_and_can_be_deleted(store: FileStore) -> None:
    assert await store.get("t/none") is None
    assert await store.get_range("t/none", 0, 1) is None
    await store.delete("t/none")


async def test_what_was_put_twice_is_the_last_and_once_deleted_is_gone(store: FileStore) -> None:
    await store.put("t/a", b"one")
    await store.put("t/a", b"two")
    assert await store.get("t/a") == b"two"
    await store.delete("t/a")
    assert await store.get("t/a") is None


async def test_a_store_that_is_away_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UnavailableError):
        await FileStore.from_url("s3://niochat/x").put("a", b"x")


async def test_an_installation_without_a_store_says_what_to_set() -> None:
    with pytest.raises(UnavailableError, match="NIOCHAT_FILES_URL"):
        await FileStore.from_url(None).put("a", b"x")


@pytest.mark.parametrize("address", ["", "ftp://x/y", "file:relative", "s3:///x", "/srv/files"])
async def test_an_address_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(InvalidInputError, match="NIOCHAT_FILES_URL"):
        FileStore.from_url(address)


async def test_files_of_this_machine_are_their_owners_alone(
    tmp_path: Path,
) -> None:
    before = os.umask(0o022)
    try:
        store = FileStore.from_url((tmp_path / "files").as_uri())
        await store.put("tenant/file", b"x")
        await store.put("tenant/file", b"y")
    finally:
        os.umask(before)

    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.rglob("*")}
    assert modes == {"files": 0o700, "tenant": 0o700, "file": 0o600}
    assert await store.get("tenant/file") == b"y"


async def test_a_folder_that_cannot_be_made_is_a_store_that_is_away(tmp_path: Path) -> None:
    store = FileStore.from_url((tmp_path / "files").as_uri())
    (tmp_path / "files" / "tenant").write_bytes(b"in the way")

    with pytest.raises(UnavailableError):
        await store.put("tenant/file", b"x")
