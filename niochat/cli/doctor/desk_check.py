"""Looks at the desk as a browser does: is it built, which build is served, and does it answer."""

import httpx

from niochat.http.desk.desk_builds import DeskBuilds
from niochat.http.desk.desk_endpoint import VERSION_HEADER

TIMEOUT_S = 5.0


async def check_desk(base_url: str, builds: DeskBuilds | None = None) -> tuple[str, bool]:
    """Return a sentence about the desk at ``base_url``, and whether all is well."""
    built = (builds or DeskBuilds()).current_digest()
    try:
        # The environment may name a proxy, which browsers on this machine do not use for it.
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            response = await client.get(f"{base_url}/", headers={"accept": "text/html"})
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        return f"desk: {base_url} does not answer ({reason}): is NioChat started?", False
    served = response.headers.get(VERSION_HEADER)
    if served is None and built is None:
        return "desk: not built: start again with access to the npm registry", False
    if response.status_code != httpx.codes.OK or served is None:
        return (
            f"desk: {base_url} answers {response.status_code} and no page of the desk: is the path "
            "/ of the proxy in front led to NioChat? Start again if it was built just now",
            False,
        )
    if built is not None and served != built:
        return f"desk: build {served} is served, and {built} is newer: start again", False
    return f"desk: build {served} is served at {base_url}", True
