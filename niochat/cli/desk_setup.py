"""Builds the desk at a start, and remembers for the ready screen how that went."""

from niochat.http.desk.desk_builds import DeskBuilds
from niochat.launcher.desk_build.desk_builder import DeskBuilder
from niochat.launcher.desk_build.dev_server import DeskDevServer
from niochat.launcher.desk_build.node_runtime import DeskBuildError
from niochat.launcher.ray_serve.ray_cluster import CHECKOUT_FOLDER
from niochat.launcher.stack_errors import StackError
from niochat.launcher.stack_launcher import StackLauncher
from niochat.launcher.subprocesses import ProgressCallback


class DeskSetup:
    """The desk of one start. Without it everything else works, so no failure ends the start."""

    def __init__(
        self, builder: DeskBuilder | None = None, builds: DeskBuilds | None = None
    ) -> None:
        self._builds = builds or DeskBuilds()
        self._builder = builder or DeskBuilder(CHECKOUT_FOLDER, self._builds)
        self.problem: str | None = None
        """Why the desk is missing or old, and what to do; None if it is as its sources."""
        self.dev_url: str | None = None
        """Address of the development server, if it runs."""

    @property
    def is_built(self) -> bool:
        """Whether there is a build to serve, be it of older sources."""
        return self._builds.current_digest() is not None

    def build(self, progress: ProgressCallback) -> None:
        """Build the desk if its sources have changed."""
        try:
            self._builder.build(progress)
        except (DeskBuildError, OSError) as error:
            self._note("was not built", str(error), progress)
        else:
            if not self.is_built:
                problem = "this package was made without it: use another, or a checkout"
                self._note("is missing", problem, progress)

    def start_dev_server(self, stack: StackLauncher, progress: ProgressCallback) -> None:
        """Run the development server beside the stack."""
        server = DeskDevServer(stack.home, self._builder, stack.ports.desk_dev)
        try:
            self.dev_url = server.start(stack.url, progress)
        except (DeskBuildError, StackError, OSError) as error:
            self._note("cannot be served from its sources", str(error), progress)

    def _note(self, what: str, problem: str, progress: ProgressCallback) -> None:
        self.problem = problem
        progress(f"The desk {what}: {problem}.")
