"""The files of one build of the desk, listed once, so that a request never names a path on disk."""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from niochat.http.desk.desk_builds import PAGE, DeskBuilds

ASSETS = "assets/"
"""Folder of the files whose names hold a digest of their content."""
ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""Content codings, the preferred one first, with the suffix of the file that the build wrote."""
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".m4a": "audio/mp4",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
UNKNOWN_TYPE = "application/octet-stream"
_HASHED = re.compile(r"[-.][A-Za-z0-9_-]{8,}\.\w+$")


@dataclass(frozen=True, slots=True)
class DeskFile:
    """One file. ``paths`` holds the file itself under the coding ``identity``, and compressed forms
    of it. ``digest`` is one of the content.
    """

    paths: dict[str, Path]
    media_type: str
    digest: str
    immutable: bool

    def etag(self, encoding: str) -> str:
        """Entity tag of one form. The forms differ in bytes, so their tags differ, too."""
        return f'"{self.digest}"' if encoding == "identity" else f'"{self.digest}-{encoding}"'


@dataclass(frozen=True, slots=True)
class DeskFiles:
    """The files of a build by their path, without the page, which is ``page``."""

    version: str
    page: bytes
    packed_page: bytes | None
    """The page as the build compressed it with brotli, if it did."""
    files: dict[str, DeskFile]


def load_desk_files(builds: DeskBuilds | None = None) -> DeskFiles | None:
    """List the current build; None if the desk has not been built. Hashed files of older builds are
    listed, too.
    """
    builds = builds or DeskBuilds()
    current = builds.current_folder()
    if current is None:
        return None
    files: dict[str, DeskFile] = {}
    for folder in reversed(builds.older_folders()):
        files |= {name: file for name, file in _list(folder) if file.immutable}
    files |= dict(_list(current))
    page = files.pop(PAGE)
    packed = page.paths["br"].read_bytes() if "br" in page.paths else None
    return DeskFiles(current.name, page.paths["identity"].read_bytes(), packed, files)


def _list(folder: Path) -> Iterator[tuple[str, DeskFile]]:
    for directory, _, names in os.walk(folder):
        present = set(names)
        for name in names:
            path = Path(directory, name)
            if path.suffix in ENCODINGS.values() and path.stem in present:
                continue  # a compressed form, which has no address of its own
            forms = {"identity": path} | {
                encoding: path.with_name(name + suffix)
                for encoding, suffix in ENCODINGS.items()
                if name + suffix in present
            }
            relative = path.relative_to(folder).as_posix()
            yield relative, _describe(relative, forms)


def _describe(relative: str, forms: dict[str, Path]) -> DeskFile:
    return DeskFile(
        paths=forms,
        media_type=MEDIA_TYPES.get(PurePosixPath(relative).suffix.lower(), UNKNOWN_TYPE),
        digest=hashlib.sha256(forms["identity"].read_bytes()).hexdigest()[:24],
        immutable=relative.startswith(ASSETS) and bool(_HASHED.search(relative)),
    )
