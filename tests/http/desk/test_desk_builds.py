"""A build is served when it is complete, and stays while pages of it may be open."""

import os
from pathlib import Path

import pytest

from niochat.http.desk.desk_builds import MAX_OLD_BUILDS, DeskBuilds
from niochat.http.desk.desk_files import load_desk_files
from tests.http.desk.conftest import DIGEST, STAND_IN, write_build

OTHER = "fedcba9876543210"


def test_nothing_is_served_before_the_first_build(tmp_path: Path) -> None:
    for folder in (tmp_path / "missing", tmp_path):
        assert DeskBuilds(folder).current_digest() is None
        assert load_desk_files(DeskBuilds(folder)) is None


def test_a_build_without_its_page_is_refused_and_changes_nothing(
    builds: DeskBuilds, tmp_path: Path
) -> None:
    half = write_build(tmp_path / "half", {"assets/index-00000000.js": b""})

    with pytest.raises(FileNotFoundError, match=r"index\.html"):
        builds.publish(half, OTHER)

    assert builds.current_digest() == DIGEST


def test_what_an_interrupted_copy_left_is_never_served_and_goes_away(
    builds: DeskBuilds, tmp_path: Path
) -> None:
    write_build(builds.folder / ".partial-1")  # killed before the copy got its name
    (builds.folder / ".partial-2").write_text(OTHER)  # killed before `current` was replaced
    write_build(builds.folder / OTHER, {"assets/index-00000000.js": b""})  # without a page

    assert builds.current_digest() == DIGEST
    builds.publish(write_build(tmp_path / "again"), OTHER)

    assert builds.current_digest() == OTHER
    assert (builds.folder / OTHER / "service-worker.js").is_file()
    assert not list(builds.folder.glob(".partial-*"))


@pytest.mark.parametrize("written", ["", "..", "../elsewhere", "0123", "é" * 8, "f" * 16])
def test_a_damaged_name_of_the_current_build_leads_nowhere(
    builds: DeskBuilds, written: str
) -> None:
    (builds.folder / "current").write_text(written, encoding="utf-8")

    assert builds.current_digest() is None


def test_publishing_twice_is_the_same_as_once(builds: DeskBuilds, tmp_path: Path) -> None:
    builds.publish(tmp_path / "built", DIGEST)

    assert builds.current_digest() == DIGEST
    assert builds.older_folders() == []


def test_a_page_from_before_an_update_still_loads_the_rest_of_its_build(
    builds: DeskBuilds, tmp_path: Path
) -> None:
    newer = STAND_IN | {"index.html": b"<html>new</html>", "assets/index-99999999.js": b"new"}
    newer = {name: text for name, text in newer.items() if "a1b2c3d4" not in name}
    builds.publish(write_build(tmp_path / "newer", newer), OTHER)

    files = load_desk_files(builds)

    assert files is not None
    assert (files.version, files.page) == (OTHER, b"<html>new</html>")
    assert "assets/index-99999999.js" in files.files
    assert "assets/index-a1b2c3d4.js" in files.files
    assert files.files["service-worker.js"].paths["identity"].parent.name == OTHER


def test_old_builds_are_deleted_in_the_end(builds: DeskBuilds, tmp_path: Path) -> None:
    os.utime(builds.folder / DIGEST, (1, 1))
    for number in range(MAX_OLD_BUILDS + 1):
        builds.publish(tmp_path / "built", f"{number:016x}")
        os.utime(builds.folder / f"{number:016x}", (100 + number, 100 + number))

    assert builds.current_digest() == f"{MAX_OLD_BUILDS:016x}"
    assert len(builds.older_folders()) == MAX_OLD_BUILDS
    assert not (builds.folder / DIGEST).exists()
