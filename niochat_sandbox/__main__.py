"""Command line of the sandbox: ``python -m niochat_sandbox --port N`` serves until it
is stopped.
"""

import argparse

import uvicorn

from niochat_sandbox.app import create_app

KEEP_ALIVE_S = 75


def create_server(host: str, port: int, smtp_port: int | None = None) -> uvicorn.Server:
    """Create a server that is not started.

    Its keep-alive time is longer than that of usual client pools, so that a client does not write
    to a closed connection.
    """
    config = uvicorn.Config(
        create_app(f"http://{host}:{port}", (host, smtp_port) if smtp_port else None),
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
        backlog=4096,
    )
    return uvicorn.Server(config)


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m niochat_sandbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--smtp-port", type=int, help="port of the SMTP sink, which shows the mails that it accepts"
    )
    arguments = parser.parse_args()
    print(f"Sandbox: http://{arguments.host}:{arguments.port}/sandbox", flush=True)
    create_server(arguments.host, arguments.port, arguments.smtp_port).run()


if __name__ == "__main__":
    main()
