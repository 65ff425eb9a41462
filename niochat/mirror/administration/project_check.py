"""Tries a Supabase project as the mirror and as a browser will use it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import aiohttp
import orjson

from niochat.adapters.http_pool import HttpResponse, HttpTransport, ResponseTooLargeError
from niochat.adapters.ssrf_guard import PRIVATE_ADDRESS_MESSAGE, ForbiddenAddressError
from niochat.adapters.supabase.project_errors import error_of_response
from niochat.domain.errors import UnavailableError
from niochat.mirror.mirror_settings import MirrorTarget

REQUEST_TIMEOUT_S = 10.0
TOTAL_TIMEOUT_S = 25.0
MAX_RESPONSE_BYTES = 64 * 1024
MIRROR_TABLES = ("conversations", "contacts", "mensagens", "csat_feedback", "auditoria", "rollups")


class ProjectCheckName(StrEnum):
    """What is tried, in this order."""

    REACHABLE = "reachable"
    KEY = "key"
    TABLES = "tables"
    TOKEN = "token"


@dataclass(frozen=True, slots=True)
class ProjectCheck:
    """The result of one check; ``ok`` is None if an earlier one has to succeed first. ``detail``
    says what to do.
    """

    name: ProjectCheckName
    ok: bool | None
    code: str = ""
    detail: str = ""


class ProjectChecker:
    """Tries projects. ``open_transport`` opens connections that the SSRF guard checks."""

    def __init__(self, open_transport: Callable[[], HttpTransport]) -> None:
        self._open_transport = open_transport

    async def check(self, target: MirrorTarget, token: str) -> list[ProjectCheck]:
        """Return one result for each check, within half a minute. ``token`` is a tenant token; the
        project has to accept it from a browser.
        """
        transport = self._open_transport()
        attempt = _CheckRun(transport, target.url)
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_S):
                await attempt.run(target, token)
        except TimeoutError:
            attempt.fail(
                attempt.next_name(),
                "project_unavailable",
                "The project takes too long to answer. Try again in a minute",
            )
        finally:
            await transport.close()
        return attempt.results()


class _RefusedError(Exception):
    """A check failed; the ones after it cannot be tried."""


class _CheckRun:
    """One run of the checks."""

    def __init__(self, transport: HttpTransport, url: str) -> None:
        self._transport = transport
        self._url = url
        self._results: dict[ProjectCheckName, ProjectCheck] = {}

    async def run(self, target: MirrorTarget, token: str) -> None:
        try:
            await self._try_secret_key(target)
            await self._try_token(target, token)
        except _RefusedError:
            return

    def results(self) -> list[ProjectCheck]:
        return [self._results.get(name, ProjectCheck(name, None)) for name in ProjectCheckName]

    def next_name(self) -> ProjectCheckName:
        return next(
            (name for name in ProjectCheckName if name not in self._results),
            ProjectCheckName.TOKEN,
        )

    def fail(self, name: ProjectCheckName, code: str, detail: str) -> None:
        self._results[name] = ProjectCheck(name, False, code, f"{detail.rstrip('.')}.")

    async def _try_secret_key(self, target: MirrorTarget) -> None:
        for table in MIRROR_TABLES:
            response = await self._read(table, _secret_headers(target.key))
            if response.status != 200:
                self._note_refusal(response)
            if not _is_list(response.body):
                self.fail(ProjectCheckName.REACHABLE, "not_supabase", _NOT_SUPABASE)
                raise _RefusedError
            self._pass(ProjectCheckName.REACHABLE, ProjectCheckName.KEY)
        self._pass(ProjectCheckName.TABLES)

    async def _try_token(self, target: MirrorTarget, token: str) -> None:
        if target.publishable_key is None:
            return self.fail(
                ProjectCheckName.TOKEN,
                "no_publishable_key",
                "Browsers need the publishable key of the project. Enter it",
            )
        headers = {"apikey": target.publishable_key, "Authorization": f"Bearer {token}"}
        response = await self._read(MIRROR_TABLES[0], headers)
        if response.status == 200:
            return self._pass(ProjectCheckName.TOKEN)
        error = error_of_response(response.status, response.headers, response.body)
        if isinstance(error, UnavailableError):
            return self.fail(ProjectCheckName.TOKEN, error.code, _sentence(error))
        return self.fail(
            ProjectCheckName.TOKEN,
            "token_refused",
            f"The project refuses tenant tokens ({error}). Add this installation to the "
            "project's third-party auth, or correct the publishable key",
        )

    async def _read(self, table: str, headers: Mapping[str, str]) -> HttpResponse:
        url = f"{self._url}/rest/v1/{table}?select=id&limit=0"
        try:
            return await self._transport.exchange(
                "GET",
                url,
                {"Accept": "application/json", **headers},
                None,
                REQUEST_TIMEOUT_S,
                MAX_RESPONSE_BYTES,
            )
        except ResponseTooLargeError:
            self.fail(ProjectCheckName.REACHABLE, "not_supabase", _NOT_SUPABASE)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            code, detail = _connection_problem(error)
            self.fail(ProjectCheckName.REACHABLE, code, detail)
        raise _RefusedError

    def _note_refusal(self, response: HttpResponse) -> None:
        error = error_of_response(response.status, response.headers, response.body)
        if error.code == "key_refused":
            self._pass(ProjectCheckName.REACHABLE)
            self.fail(ProjectCheckName.KEY, error.code, _sentence(error))
        elif error.code == "schema_missing":
            self._pass(ProjectCheckName.REACHABLE, ProjectCheckName.KEY)
            self.fail(ProjectCheckName.TABLES, error.code, _sentence(error))
        else:
            self.fail(ProjectCheckName.REACHABLE, error.code, _sentence(error))
        raise _RefusedError

    def _pass(self, *names: ProjectCheckName) -> None:
        for name in names:
            self._results[name] = ProjectCheck(name, True)


_NOT_SUPABASE = "There is no Supabase project at this address. Set the URL of the project"


def _secret_headers(key: str) -> dict[str, str]:
    """Keys that are no tokens are not taken as one (``Authorization``)."""
    is_token = key.count(".") == 2
    return {"apikey": key, **({"Authorization": f"Bearer {key}"} if is_token else {})}


def _is_list(body: bytes) -> bool:
    try:
        return isinstance(orjson.loads(body), list)
    except orjson.JSONDecodeError:
        return False


def _connection_problem(error: Exception) -> tuple[str, str]:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ForbiddenAddressError):
            return "private_address", _capitalized(PRIVATE_ADDRESS_MESSAGE)
        cause = getattr(cause, "os_error", None) or cause.__cause__
    return (
        "project_unavailable",
        f"The project does not answer ({type(error).__name__}). Compare the URL with the project's "
        "settings, and see whether the project is paused",
    )


def _sentence(error: Exception) -> str:
    return _capitalized(str(error))


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]
