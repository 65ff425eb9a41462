"""Build id of the code that this process runs. The supervisor replaces hosts of another build."""

from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

import niochat

_CODE_SUFFIXES = {".py", ".sql", ".md", ".yaml", ".mako"}


def resolve_build_id(configured: str | None) -> str:
    """The configured build id, else the package's version and a digest of its files.

    The digest is computed at the first call and cached, so call this when the process starts:
    later the files may already be those of a newer build.
    """
    return configured or _code_digest()


@cache
def _code_digest() -> str:
    root = Path(niochat.__file__).parent
    digest = blake2b(digest_size=6)
    for file in sorted(root.rglob("*")):
        if file.suffix in _CODE_SUFFIXES and file.is_file():
            digest.update(f"{file.relative_to(root)}\0".encode())
            digest.update(file.read_bytes())
    return f"{version('niochat')}+{digest.hexdigest()}"
