"""A small build of the desk, in the shape in which the real build writes it."""

import gzip
from pathlib import Path

import pytest

from niochat.http.desk.desk_builds import DeskBuilds

PAGE = """<!doctype html>
<html lang="pt-BR"><head>
<link rel="manifest" href="/manifest.webmanifest">
<script type="module" crossorigin src="./assets/index-a1b2c3d4.js"></script>
<link rel="stylesheet" href="/assets/index-e5f6a7b8.css">
<a href="//example.org/">elsewhere</a>
<script>document.documentElement.dataset.theme = "dark"</script>
</head><body></body></html>
"""
SCRIPT = b"export const greeting = 'oi';\n" * 100
STAND_IN = {
    "index.html": PAGE.encode(),
    "service-worker.js": b"self.addEventListener('push', () => {});\n",
    "manifest.webmanifest": b"{}",
    "assets/index-a1b2c3d4.js": SCRIPT,
    "assets/index-a1b2c3d4.js.br": b"brotli of the script",
    "assets/index-a1b2c3d4.js.gz": gzip.compress(SCRIPT, mtime=0),
    "assets/index-e5f6a7b8.css": b"body { margin: 0 }\n",
    "assets/inter-Ab3_d-9Z.woff2": bytes(range(256)),
    "assets/readme.txt": b"no digest in its name\n",
}
DIGEST = "0123456789abcdef"


def write_build(folder: Path, files: dict[str, bytes] | None = None) -> Path:
    """Write the files of a build below ``folder``."""
    for name, content in (files or STAND_IN).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


@pytest.fixture
def builds(tmp_path: Path) -> DeskBuilds:
    """A published build."""
    published = DeskBuilds(tmp_path / "dist")
    published.publish(write_build(tmp_path / "built"), DIGEST)
    return published
