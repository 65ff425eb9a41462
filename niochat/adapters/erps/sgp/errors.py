"""Classifies statuses, missing responses and error messages of SGP, with one table each.

Source: SGP reference 3.1. SGP reports business errors with status 200, answers a missing route with
an HTML page, and uses the same words for a wrong token and an unknown subscriber, so the text of a
message is classified too. Our error messages name the route and quote neither request nor response.
"""

import html
import re
from collections.abc import Mapping
from typing import NamedTuple

import aiohttp

from niochat.adapters.erps.sgp.responses.value_parsers import first_present_text, fold_text, to_text
from niochat.adapters.ssrf_guard import PRIVATE_ADDRESS_MESSAGE, ForbiddenAddressError
from niochat.ports.erp import ErpError, ErpRefusedError


class _ErrorTraits(NamedTuple):
    left: bool = True
    retryable: bool = False


_TRAITS: Mapping[str, _ErrorTraits] = {
    "erp_unreachable": _ErrorTraits(left=False, retryable=True),
    "erp_timeout": _ErrorTraits(retryable=True),
    "erp_lost": _ErrorTraits(retryable=True),
    "erp_unauthorized": _ErrorTraits(left=False),
    "erp_missing": _ErrorTraits(left=False),
    "erp_busy": _ErrorTraits(left=False, retryable=True),
    "erp_failed": _ErrorTraits(retryable=True),
    "erp_malformed": _ErrorTraits(),
    "erp_address": _ErrorTraits(left=False),
    "erp_foreign_link": _ErrorTraits(left=False),
    "erp_not_pdf": _ErrorTraits(),
    "erp_too_big": _ErrorTraits(),
}
_NEVER_LEFT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
    UnicodeError,  # raised for a host name that cannot be looked up
)
_BY_STATUS = {
    401: ("erp_unauthorized", "refuses the token or this server's address"),
    403: ("erp_unauthorized", "refuses the token or this server's address"),
    404: ("erp_missing", "does not exist in this installation"),
    # Some builds have the route only for the other method (SGP reference 3.2, manutencao).
    405: ("erp_missing", "does not take this method in this installation"),
    429: ("erp_busy", "is busy"),
    503: ("erp_busy", "is busy"),
}
_WRONG = (
    r"(invalid|incorret|expirad|inativ|inexistent|obrigatori|negad|sem permiss|required"
    r"|nao (tem |possui |foi |foram )?(permiss|autorizad|encontrad|localizad|informad|fornecid))"
)
_NO_ACCESS = re.compile(
    rf"\b(token|app|aplicacao|credencia\w*)\b.{{0,30}}{_WRONG}"
    r"|(invalid|incorret|missing|wrong)\w* (token|app|credential)"
)
_NOBODY = re.compile(
    r"nenhuma? (contrato|cliente|cadastro|assinante)"
    r"|(contrato|cliente|cadastro|assinante|cpf|cnpj)\S* .{0,20}"
    r"(nao (foi |foram )?(encontrad|localizad|cadastrad|existe)|inexistent)"
)
_THINGS = (
    r"(fatura|titulo|boleto|cobranca|debito|pendenc|registro|resultado|dado|pix"
    r"|manutenc|ocorrenc|chamad|atendimento|plano|onu|servico)"
)
_NOTHING = re.compile(
    r"(nenhuma?|sem|nao (foi |foram )?(possui|ha|existem?|constam?|tem|encontrad\w+|localizad\w+))"
    rf"( \w+){{0,2}} {_THINGS}"
    rf"|{_THINGS}\S*( \S+){{0,4}} nao (foi |foram )?(encontrad|localizad|consta|existe)"
)
_MESSAGE_FIELDS = ("msg", "message", "mensagem", "error", "erro", "detail")
_MAX_MESSAGE_LENGTH = 200
_TAG = re.compile(r"<[^<>]*>")


def sgp_error(code: str, route: str, what: str) -> ErpError:
    """Build the error of a code, which decides ``left`` and ``retryable``."""
    trait = _TRAITS[code]
    message = f"the ERP's {route} {what}"
    return ErpError(message, code=code, retryable=trait.retryable, left=trait.left)


def error_from_status(route: str, status: int) -> ErpError | None:
    """The error that a status stands for; ``None`` if the body decides."""
    if 200 <= status < 300:
        return None
    if status in _BY_STATUS:
        code, what = _BY_STATUS[status]
        return sgp_error(code, route, what)
    if 300 <= status < 400:
        # Following it would turn a POST into a GET (SGP reference 3.1).
        return sgp_error("erp_address", route, "redirects: the base address is wrong")
    # Below 500 our request is at fault, so sending it again would not help.
    message = f"the ERP's {route} answered with status {status}"
    return ErpError(message, code="erp_failed", retryable=status >= 500, left=True)


def error_from_exception(route: str, error: BaseException) -> ErpError:
    """The error for a call without a response. Only ``erp_unreachable`` means it never left."""
    chain = list(_causes(error))
    if any(isinstance(cause, ForbiddenAddressError) for cause in chain):
        return sgp_error("erp_unreachable", route, f"was not asked: {PRIVATE_ADDRESS_MESSAGE}")
    if any(isinstance(cause, _NEVER_LEFT) for cause in chain):
        return sgp_error("erp_unreachable", route, "cannot be reached")
    if any(isinstance(cause, TimeoutError) for cause in chain):
        return sgp_error("erp_timeout", route, "did not answer in time")
    return sgp_error("erp_lost", route, "broke the connection before a whole answer")


def _causes(error: BaseException | None) -> list[BaseException]:
    causes = []
    while error is not None:
        causes.append(error)
        error = error.__cause__
    return causes


def read_message(body: Mapping[str, object]) -> str:
    """The message in a response: one line of at most 200 characters, no markup; empty if none."""
    raw = next((value for name in _MESSAGE_FIELDS if to_text(value := body.get(name))), "")
    bare = html.unescape(html.unescape(raw)) if isinstance(raw, str) else ""
    bare = _TAG.sub(" ", bare).replace("<", " ").replace(">", " ")
    return to_text(bare, _MAX_MESSAGE_LENGTH)


def is_access_denied(body: Mapping[str, object]) -> bool:
    """Whether the message rejects the token or the app, even under 200 (SGP reference 3.1)."""
    return bool(_NO_ACCESS.search(fold_text(read_message(body))))


def is_unknown_subscriber(body: Mapping[str, object]) -> bool:
    """Whether the message says that there is no such subscriber or contract."""
    return bool(_NOBODY.search(fold_text(read_message(body))))


def is_empty_result(body: Mapping[str, object]) -> bool:
    """Whether the message says that the requested list is empty."""
    return bool(_NOTHING.search(fold_text(read_message(body))))


def refusal_error(body: Mapping[str, object]) -> ErpRefusedError:
    """Build the refusal with the ERP's own reason."""
    return ErpRefusedError(read_message(body) or "the ERP refused without saying why")


def read_protocol(body: Mapping[str, object]) -> str:
    """The protocol number in the response; empty if there is none."""
    return first_present_text(body, "protocolo", "protocol", max_length=60)
