"""Error responses of gateway, model, ERP and Supabase for the fault kind ``status``."""

from typing import Any

import orjson

from niochat_sandbox.fault_injection.fault_rules import FaultTarget

JSON, HTML = b"application/json", b"text/html; charset=utf-8"
HTML_PAGE = (
    b"<!doctype html><html><head><title>SGP</title></head>"
    b"<body><h1>Aguarde um momento</h1><p>Voltamos em instantes.</p></body></html>"
)
HUGE_BODY = b'{"text": "' + b"a" * (4 * 2**20) + b'"}'
_GATEWAY_ERRORS = {
    401: "Invalid token",
    429: "Too many requests",
    500: "Internal server error",
    503: "WhatsApp disconnected",
}
_MODEL_ERRORS = {
    401: ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    429: ("Rate limit reached for requests.", "requests", "rate_limit_exceeded"),
}
_SGP_DETAILS = {
    401: "As credenciais de autenticação não foram fornecidas.",
    403: "Você não tem permissão para executar essa ação.",
    429: "Pedido foi limitado.",
}
_SGP_TITLES = {
    404: "Not Found",
    500: "Server Error (500)",
    502: "502 Bad Gateway",
    503: "503 Service Temporarily Unavailable",
    504: "504 Gateway Time-out",
}
_SUPABASE_ERRORS = {
    400: ("PGRST204", "Could not find the 'sandbox' column in the schema cache"),
    404: ("PGRST205", "Could not find the table in the schema cache"),
    500: ("57014", "canceling statement due to statement timeout"),
    503: ("PGRST002", "Could not query the database for the schema cache. Retrying."),
    504: ("PGRST003", "Timed out acquiring connection from connection pool."),
}


def build_error_response(target: FaultTarget, status: int) -> tuple[int, bytes, bytes]:
    """Return HTTP status, content type and body of an error with this ``status``."""
    if target is FaultTarget.SGP and status not in _SGP_DETAILS:
        return status, HTML, _build_sgp_page(status)
    describe = _DESCRIPTIONS.get(target, _build_gateway_error)
    answered, body = describe(status)
    return answered, JSON, orjson.dumps(body)


def _build_sgp_page(status: int) -> bytes:
    """An HTML page: missing routes and failing servers do not return JSON (SGP reference 3.1)."""
    title = _SGP_TITLES.get(status, f"Error {status}")
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return page.encode()


def _build_sgp_error(status: int) -> tuple[int, dict[str, Any]]:
    return status, {"detail": _SGP_DETAILS[status]}


def _build_gateway_error(status: int) -> tuple[int, dict[str, Any]]:
    """Status and body of a gateway error; 463 is WhatsApp's own code within a 500 (§2.1)."""
    if status == 463:
        body = {
            "error": "WhatsApp server returned error 463",
            "error_source": "whatsapp_server",
            "provider_code": 463,
            "message_ptbr": "O WhatsApp limitou novas conversas deste número.",
        }
        return 500, body
    return status, {"error": _GATEWAY_ERRORS.get(status, f"sandbox fault {status}")}


def _build_model_error(status: int) -> tuple[int, dict[str, Any]]:
    unknown = (f"Sandbox fault {status}.", "server_error", None)
    message, kind, code = _MODEL_ERRORS.get(status, unknown)
    return status, {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _build_supabase_error(status: int) -> tuple[int, dict[str, Any]]:
    """PostgREST's body for its statuses; others are those of the gateway, which has no code."""
    if status not in _SUPABASE_ERRORS:
        texts = {401: "Invalid API key", 429: "API rate limit exceeded"}
        return status, {"message": texts.get(status, f"sandbox fault {status}")}
    code, message = _SUPABASE_ERRORS[status]
    return status, {"code": code, "details": None, "hint": None, "message": message}


_DESCRIPTIONS = {
    FaultTarget.GATEWAY: _build_gateway_error,
    FaultTarget.MODEL: _build_model_error,
    FaultTarget.SGP: _build_sgp_error,
    FaultTarget.SUPABASE: _build_supabase_error,
}
