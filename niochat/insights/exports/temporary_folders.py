"""Temporary folders of export jobs, and what killed processes have left of them."""

import contextlib
import shutil
import time
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)

FOLDER_PREFIX = "niochat-export-"
MAX_AGE_S = 24 * 3600.0
"""Far more than a job takes: another process may be at work on this machine."""


def remove_old_folders(parent: Path, max_age_s: float = MAX_AGE_S) -> int:
    """Delete folders of exports that nothing has written to for ``max_age_s`` seconds, and return
    their number. A process that is killed cannot delete its own.
    """
    removed, oldest = 0, time.time() - max_age_s
    for folder in parent.glob(f"{FOLDER_PREFIX}*"):
        with contextlib.suppress(OSError):  # somebody else's, or deleted meanwhile
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder)
                removed += 1
    if removed:
        _log.info("export_folders_removed", folders=removed)
    return removed
