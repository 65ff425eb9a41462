"""Builds the REST API."""

from fastapi import FastAPI, Request, Response

from niochat.domain.errors import PermissionDeniedError
from niochat.http.api.api_application import create_api_application
from niochat.http.problems import problem_response
from niochat.http.rest.administration import (
    audit_routes,
    channel_routes,
    opt_out_routes,
    refused_text_routes,
    settings_routes,
    supabase_routes,
    supabase_token_routes,
    tenant_routes,
)
from niochat.http.rest.conversations import (
    canned_response_routes,
    contact_change_routes,
    contact_export_routes,
    contact_history_routes,
    contact_routes,
    conversation_bulk_routes,
    conversation_routes,
    conversation_start_routes,
    file_routes,
    label_routes,
    message_routes,
    search_routes,
)
from niochat.http.rest.dependencies import audit_denied
from niochat.http.rest.history import history_routes, rating_routes, turn_routes
from niochat.http.rest.identity import (
    api_key_routes,
    auth_routes,
    colleague_routes,
    preference_routes,
    presence_routes,
    profile_routes,
    push_routes,
    role_routes,
    team_routes,
    user_routes,
)
from niochat.http.rest.reports import (
    alert_routes,
    export_job_routes,
    export_routes,
    follow_up_routes,
    report_routes,
    schedule_routes,
    sla_policy_routes,
)
from niochat.http.rest.rest_services import RestServices
from niochat.http.rest.subscribers import (
    contract_routes,
    subscriber_action_routes,
    subscriber_routes,
)

REST_PATH = "/api/v1"
ROUTERS = (
    auth_routes.router,
    user_routes.router,
    role_routes.router,
    team_routes.router,
    api_key_routes.router,
    conversation_routes.router,
    conversation_start_routes.router,
    conversation_bulk_routes.router,
    message_routes.router,
    turn_routes.router,
    rating_routes.router,
    history_routes.router,
    file_routes.router,
    contact_export_routes.router,
    contact_routes.router,
    contact_change_routes.router,
    contact_history_routes.router,
    label_routes.router,
    subscriber_routes.router,
    contract_routes.router,
    subscriber_action_routes.router,
    search_routes.router,
    audit_routes.router,
    tenant_routes.router,
    channel_routes.router,
    settings_routes.router,
    refused_text_routes.router,
    colleague_routes.router,  # before presence: /presence/reasons is no /presence/{user_id}
    presence_routes.router,
    profile_routes.router,
    preference_routes.router,
    canned_response_routes.router,
    push_routes.router,
    follow_up_routes.router,
    opt_out_routes.router,
    report_routes.router,
    export_routes.router,
    export_job_routes.router,
    schedule_routes.router,
    alert_routes.rules_router,
    alert_routes.alerts_router,
    sla_policy_routes.router,
    supabase_routes.router,
    supabase_token_routes.router,
    supabase_token_routes.keys_router,
)


def build_rest_application(services: RestServices) -> FastAPI:
    """Return the application to mount at ``REST_PATH``."""
    app = create_rest_application()
    app.state.services = services
    return app


def create_rest_application() -> FastAPI:
    """Return the application without services: enough for its OpenAPI document."""
    app = create_api_application(REST_PATH, ROUTERS, openapi_url="/openapi.json")
    app.add_exception_handler(PermissionDeniedError, _handle_forbidden)
    return app


async def _handle_forbidden(request: Request, error: Exception) -> Response:
    """Record the rejection in the audit log, as successful requests are."""
    assert isinstance(error, PermissionDeniedError)
    await audit_denied(request, error)
    return await problem_response(request, error)
