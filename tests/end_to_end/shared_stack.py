"""One stack for all workers: the first one starts it, the last one ends it.

Every worker holds a shared lock while it uses the stack. Whoever gets that lock for itself alone
at the end was the last; the lock of a worker that died is free.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def shared_resource(
    folder: Path, start: Callable[[], None], end: Callable[[], None]
) -> Iterator[None]:
    """``start`` before anybody uses it, ``end`` after everybody did, each once."""
    with (folder / "users.lock").open("w") as users:
        with _exclusive_lock(folder):
            if _taken(users):
                start()
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield
        finally:
            with _exclusive_lock(folder):
                fcntl.flock(users, fcntl.LOCK_UN)
                if _taken(users):
                    end()


@contextmanager
def _exclusive_lock(folder: Path) -> Iterator[None]:
    """Nobody else comes or goes meanwhile."""
    with (folder / "turn.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def _taken(users: IO[str]) -> bool:
    """Whether nobody else uses it; then it is ours alone until the lock is given up."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
