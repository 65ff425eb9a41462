"""The limits that are added to Serve's HAProxy configuration; the real one accepts them."""

import os
import subprocess
import sys
from pathlib import Path

from niochat.launcher.ray_serve import haproxy_wrapper

SERVE_LIKE = """\
global
    maxconn 100
defaults
    mode http
    option splice-request
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend http_frontend
    bind 127.0.0.1:18999
    acl is_api path_beg /api/
    use_backend api if is_api
    default_backend default_backend
backend default_backend
    http-request return status 404 content-type text/plain string "no"
backend api
    server one 127.0.0.1:18998 check
"""


def test_the_real_haproxy_takes_the_added_lines(tmp_path: Path) -> None:
    written = tmp_path / "haproxy.cfg"
    written.write_text(SERVE_LIKE, encoding="utf-8")
    checked = subprocess.run(
        [haproxy_wrapper.wrapper_program(), "-c", "-f", str(written)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env={**os.environ, haproxy_wrapper.BINARY_PATH_VARIABLE: haproxy_wrapper.wrapper_program()},
    )
    assert checked.returncode == 0, checked.stderr
    copy = (tmp_path / "haproxy.cfg.limited").read_text(encoding="utf-8")
    assert "timeout http-request 10s" in copy
    assert "splice-request" not in copy
    assert written.read_text(encoding="utf-8") == SERVE_LIKE


def test_what_is_not_as_serve_writes_it_goes_through_unchanged() -> None:
    strange = SERVE_LIKE.replace("http_frontend", "renamed")
    assert haproxy_wrapper.add_limits(strange) == strange


def test_the_program_is_beside_this_python() -> None:
    assert Path(haproxy_wrapper.wrapper_program()).parent == Path(sys.executable).parent
