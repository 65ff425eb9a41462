"""Builds the desk for a wheel or an image: ``python -m niochat.launcher.desk_build [--publish]``.

With ``--publish`` it takes ``frontend/dist`` as another stage of an image has built it. ``--npm
WORDS`` runs npm in ``frontend`` instead, with the Node.js and the packages of the build; the exit
code is 75 if there are none.
"""

import os
import subprocess
import sys

from niochat.http.desk.desk_builds import DeskBuilds
from niochat.launcher.desk_build.desk_builder import DeskBuilder
from niochat.launcher.desk_build.node_runtime import DeskBuildError
from niochat.launcher.ray_serve.ray_cluster import CHECKOUT_FOLDER

UNAVAILABLE = 75
"""Exit code: neither the tests nor the build of the desk can run on this machine."""


def main(arguments: list[str]) -> int:
    """Build or publish; returns the exit code."""
    if arguments[:1] == ["--npm"]:
        return run_npm(arguments[1:])
    builds = DeskBuilds()
    builder = DeskBuilder(CHECKOUT_FOLDER, builds)
    try:
        if "--publish" in arguments:
            builds.publish(builder.sources / "dist", builder.source_digest())
        elif not builder.has_sources:
            raise DeskBuildError(f"there is no {builder.sources}")
        else:
            builder.build(lambda step: print(step, flush=True))
    except (DeskBuildError, OSError) as error:
        print(f"The desk was not built: {error}.", file=sys.stderr)
        return 1
    print(f"The desk is built: {builds.current_digest()}")
    return 0


def run_npm(words: list[str]) -> int:
    """Run npm; returns its exit code, or ``UNAVAILABLE``."""
    builder = DeskBuilder(CHECKOUT_FOLDER)
    try:
        node = builder.prepare(lambda step: print(step, flush=True))
    except (DeskBuildError, OSError) as error:
        print(f"npm cannot be run: {error}.", file=sys.stderr)
        return UNAVAILABLE
    environment = node.environment(os.environ)
    return subprocess.call([*node.npm, *words], cwd=builder.sources, env=environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
