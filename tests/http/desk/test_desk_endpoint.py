"""The desk over HTTP: content types, caches, codings, ranges, and paths that lead nowhere."""

import json
from pathlib import Path
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from niochat.http.desk.desk_builds import DeskBuilds
from niochat.http.desk.desk_endpoint import IMMUTABLE, DeskEndpoint
from niochat.http.desk.desk_files import load_desk_files
from tests.http.desk.conftest import SCRIPT, STAND_IN

JS = "/assets/index-a1b2c3d4.js"
HOST = "http://testserver"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "accept-encoding": "gzip, br"}


@pytest.fixture
def http(builds: DeskBuilds) -> TestClient:
    return client(builds)


def client(builds: DeskBuilds, served_here: frozenset[str] = frozenset()) -> TestClient:
    endpoint = DeskEndpoint(
        load_desk_files(builds), "http://127.0.0.1:8000", None, served_here=served_here
    )
    app = Starlette(routes=endpoint.routes())
    app.router.redirect_slashes = False
    made = TestClient(app, follow_redirects=False)
    made.headers["accept-encoding"] = "identity"
    return made


@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/entrar", "/conversas/42", "/conversas/42/", "/a?b=/api"]
)
def test_every_path_that_looks_like_a_page_gets_the_page(http: TestClient, path: str) -> None:
    answer = http.get(path, headers=BROWSER)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert "<html" in answer.text
    assert http.head(path, headers=BROWSER).content == b""


@pytest.mark.parametrize(
    ("path", "media_type", "cache"),
    [
        (JS, "text/javascript; charset=utf-8", IMMUTABLE),
        ("/assets/index-e5f6a7b8.css", "text/css; charset=utf-8", IMMUTABLE),
        ("/assets/inter-Ab3_d-9Z.woff2", "font/woff2", IMMUTABLE),
        ("/assets/readme.txt", "text/plain; charset=utf-8", "no-cache"),
        ("/service-worker.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/manifest.webmanifest", "application/manifest+json", "no-cache"),
    ],
)
def test_files_have_their_type_and_are_kept_as_long_as_their_name_allows(
    http: TestClient, path: str, media_type: str, cache: str
) -> None:
    answer = http.get(path)

    assert answer.status_code == 200
    assert answer.content == STAND_IN[path.removeprefix("/")]
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == cache
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["vary"] == "Accept-Encoding"
    head = http.head(path)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(answer.content)))


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("BR;q=0.5 , gzip;q=1.0", "br"),
        ("br; q=0, gzip", "gzip"),
        ("br;q=0.000", None),
        ("identity", None),
        ("", None),
        ("brotli, xgzip", None),
    ],
)
def test_the_compressed_forms_of_the_build_are_sent_to_whoever_reads_them(
    http: TestClient, accepted: str, coding: str | None
) -> None:
    with http.stream("GET", JS, headers={"accept-encoding": accepted}) as answer:
        body = b"".join(answer.iter_raw())

    suffix = {"br": ".br", "gzip": ".gz", None: ""}[coding]
    assert answer.headers.get("content-encoding") == coding
    assert body == STAND_IN[JS.removeprefix("/") + suffix]
    assert answer.headers["content-length"] == str(len(body))
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"


def test_the_page_is_compressed_too(http: TestClient) -> None:
    packed, plain = http.get("/", headers=BROWSER), http.get("/")

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert packed.headers["etag"] != plain.headers["etag"]


@pytest.mark.parametrize("path", [JS, "/", "/conversas/1"])
@pytest.mark.parametrize("form", ["identity", "gzip"])
def test_what_the_browser_has_already_is_not_sent_again(
    http: TestClient, path: str, form: str
) -> None:
    headers = {"accept": "text/html", "accept-encoding": form}
    first = http.get(path, headers=headers)
    tag = first.headers["etag"]

    for given in (tag, f'"other", W/{tag}', "*"):
        again = http.get(path, headers=headers | {"if-none-match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == first.headers["cache-control"]
        assert again.headers["vary"] == "Accept-Encoding"
    assert http.get(path, headers=headers | {"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("given", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=10-", 10, None), ("bytes=-7", -7, None)],
)
def test_a_range_is_one_of_the_file_itself(
    http: TestClient, given: str, start: int, end: int | None
) -> None:
    answer = http.get(JS, headers={"range": given, "accept-encoding": "br"})

    assert (answer.status_code, answer.content) == (206, SCRIPT[start:end])
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-range"].endswith(f"/{len(SCRIPT)}")
    assert answer.headers["accept-ranges"] == "bytes"


def test_a_range_of_another_version_gets_the_whole_file_and_an_impossible_one_416(
    http: TestClient,
) -> None:
    tag = http.get(JS).headers["etag"]
    same = http.get(JS, headers={"range": "bytes=0-3", "if-range": tag})
    changed = http.get(JS, headers={"range": "bytes=0-3", "if-range": '"other"'})

    assert (same.status_code, changed.status_code) == (206, 200)
    assert changed.content == SCRIPT
    assert http.get(JS, headers={"range": f"bytes={len(SCRIPT)}-"}).status_code == 416


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/v1/nowhere",
        "/API/v1/nowhere",
        "//api/v1/nowhere",
        "/%61pi/v1/nowhere",
        "/live",
        "/live/x",
        "/webhooks/uazapi/1/2",
        "/-/routes",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_path_of_an_api_never_gets_the_page(builds: DeskBuilds, path: str, method: str) -> None:
    alone = client(builds).request(method, HOST + path, headers=BROWSER)
    shared = client(builds, frozenset({"api", "live"})).request(
        method, HOST + path, headers=BROWSER
    )

    apart = 404 if path == "/-/routes" else 503
    together = 503 if path.startswith("/webhooks") else 404
    for answer, status in ((alone, apart), (shared, together)):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        assert ("retry-after" in answer.headers) == (status == 503)
        if method != "HEAD":
            assert answer.json()["status"] == status


@pytest.mark.parametrize(
    "path",
    [
        "/assets/index-00000000.js",
        "/assets/",
        "/assets/page",
        "/missing.png",
        "/.env",
        "/.well-known/security",
        "/conversas/../../etc/passwd.txt",
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/current",
        "/../current",
        "/assets/%2e%2e/service-worker.js",
        "/assets/..\\service-worker.js",
        "/assets/index-a1b2c3d4.js.br",
        "/assets/index-a1b2c3d4.js%00.css",
        "/assets//index-a1b2c3d4.js",
        "/" + "a/" * 2_000 + "x.js",
    ],
)
def test_what_is_no_file_of_the_build_and_no_page_is_not_found(
    builds: DeskBuilds, path: str
) -> None:
    # A client would resolve the dots itself, so the path is given as it comes from the wire.
    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(path),
        "query_string": b"",
        "headers": [(b"accept", b"text/html")],
    }
    answer = DeskEndpoint(load_desk_files(builds), HOST).respond(Request(scope))

    assert answer.status_code == 404
    assert json.loads(bytes(answer.body))["code"] == "not_found"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "image/avif,image/webp,*/*"])
def test_a_program_that_asks_for_something_else_than_a_page_gets_404(
    http: TestClient, accept: str
) -> None:
    assert http.get("/conversas/42", headers={"accept": accept}).status_code == 404
    assert http.get("/", headers={"accept": accept}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/conversas/1", JS])
def test_the_desk_is_only_read(http: TestClient, method: str, path: str) -> None:
    answer = http.request(method, path, headers=BROWSER)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_file_that_went_away_is_a_404_and_not_an_error(
    builds: DeskBuilds, http: TestClient
) -> None:
    folder = builds.current_folder()
    assert folder is not None
    for file in folder.glob("assets/index-a1b2c3d4.js*"):
        file.unlink()

    assert http.get(JS).status_code == 404


def test_before_the_first_build_the_page_says_what_to_do(tmp_path: Path) -> None:
    http = client(DeskBuilds(tmp_path))
    answer = http.get("/conversas/1", headers=BROWSER)

    assert answer.status_code == 503
    assert "scripts/run" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert http.get("/api/v1/me").status_code == 503
    assert http.get("/assets/x-12345678.js").status_code == 404
