"""Where the files of the desk are: a folder for each build, and a file that names the current one.

``dist/<digest>/`` holds a complete build, ``dist/current`` the digest of the one that is served.
The folder is in the package, so a checkout, a wheel and an image serve from the same place. A build
gets its name only when it is complete, and older builds stay for a while: a page that was opened
before an update still loads the rest of its own build.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

DIST_FOLDER = Path(__file__).parent / "dist"
PAGE = "index.html"
MAX_OLD_BUILDS = 2
"""Builds that stay on disk beside the current one."""
_CURRENT = "current"
_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_PARTIAL = ".partial-"


class DeskBuilds:
    """The published builds in one folder."""

    def __init__(self, folder: Path = DIST_FOLDER) -> None:
        self.folder = folder

    def current_digest(self) -> str | None:
        """Digest of the build that is served; None if there is none, or its page is missing."""
        try:
            digest = (self.folder / _CURRENT).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        complete = _DIGEST.fullmatch(digest) and (self.folder / digest / PAGE).is_file()
        return digest if complete else None

    def current_folder(self) -> Path | None:
        """Folder of the build that is served, if any."""
        digest = self.current_digest()
        return None if digest is None else self.folder / digest

    def older_folders(self) -> list[Path]:
        """Folders of the other builds, the newest first."""
        current = self.current_digest()
        try:
            names = [each.name for each in self.folder.iterdir() if _DIGEST.fullmatch(each.name)]
        except OSError:
            return []
        folders = [self.folder / name for name in names if name != current]
        return sorted(folders, key=_modified_at, reverse=True)

    def publish(self, built: Path, digest: str) -> None:
        """Copy a complete build and make it the current one. If the process dies, the former build
        stays the current one. Raises ``OSError``.
        """
        if not (built / PAGE).is_file():
            raise FileNotFoundError(f"{built} has no {PAGE}")
        self.folder.mkdir(exist_ok=True)
        target = self.folder / digest
        if not (target / PAGE).is_file():
            shutil.rmtree(target, ignore_errors=True)
            partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=self.folder))
            shutil.copytree(built, partial, dirs_exist_ok=True)
            partial.chmod(0o755)
            os.utime(partial)
            partial.rename(target)
        self._name_current(digest)
        self._delete_old()

    def _name_current(self, digest: str) -> None:
        descriptor, name = tempfile.mkstemp(prefix=_PARTIAL, dir=self.folder)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(digest + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        os.replace(name, self.folder / _CURRENT)

    def _delete_old(self) -> None:
        """Delete builds that nobody needs any more, and what an interrupted copy left."""
        for folder in self.older_folders()[MAX_OLD_BUILDS:]:
            shutil.rmtree(folder, ignore_errors=True)
        for left in self.folder.glob(f"{_PARTIAL}*"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _modified_at(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0
