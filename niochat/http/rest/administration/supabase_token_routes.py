"""``/supabase/token`` and ``/tenant-tokens``: tokens for browsers, and the keys that verify them.

The keys are below the address of the API, which is the issuer's: behind Serve an application has
one prefix, and the prefix ``/`` belongs to the desk, which has no database.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime

from niochat.adapters.clock import database_clock
from niochat.domain.errors import OperationRefusedError, PermissionDeniedError
from niochat.domain.permissions import PermissionAction, PermissionScope
from niochat.http.api.schemas import ResponseModel
from niochat.http.rest.administration.supabase_routes import (
    require_target,
    supabase_services_for,
    token_holder,
)
from niochat.http.rest.dependencies import (
    LimitedPublicDependency,
    PermissionDependency,
    audit_read,
)
from niochat.identity.authentication import Principal
from niochat.mirror.administration.tenant_tokens import DISCOVERY_PATH, KEYS_PATH

MayReadReports = Annotated[Principal, Depends(PermissionDependency(PermissionAction.REPORTS_READ))]
_PUBLIC = Depends(LimitedPublicDependency())
_CACHED = "public, max-age=300"
"""Keys are published an hour before they sign, so old ones do no harm for minutes."""

router = APIRouter(prefix="/supabase", tags=["supabase"])
keys_router = APIRouter(prefix="/tenant-tokens", tags=["supabase"])


class TenantTokenResponse(ResponseModel):
    """A tenant token, with the project for which it is. Send the token as ``Authorization: Bearer``
    and the publishable key as ``apikey``.
    """

    token: str
    expires_at: AwareDatetime
    url: str
    publishable_key: str


class IssuerResponse(ResponseModel):
    """The issuer of tenant tokens (OpenID Connect Discovery 1.0). Nobody signs in there."""

    issuer: str
    jwks_uri: str
    id_token_signing_alg_values_supported: list[str]
    response_types_supported: list[str]
    subject_types_supported: list[str]


class JwkSetResponse(ResponseModel):
    """Public keys (RFC 7517)."""

    keys: list[dict[str, Any]]


@router.post("/token")
async def create_tenant_token(caller: MayReadReports, request: Request) -> TenantTokenResponse:
    """Return a token with which a browser reads the rows of the provider in its Supabase project
    for ten minutes. It needs ``reports:read`` for all conversations, because rows of single teams
    cannot be told apart there. Which tables it opens depends on the caller's other permissions.
    """
    tenant_id = caller.require(PermissionAction.REPORTS_READ)
    if caller.grants.get(PermissionAction.REPORTS_READ) is not PermissionScope.ALL:
        raise PermissionDeniedError(
            "A tenant token shows the rows of all teams. It needs reports:read for all.",
            code="whole_provider_only",
        )
    services = supabase_services_for(request)
    target = await require_target(services, tenant_id)
    if target.publishable_key is None:
        raise OperationRefusedError(
            "Browsers need the publishable key of the project. Set it with PUT /api/v1/supabase.",
            code="no_publishable_key",
        )
    signed = await services.tokens.sign(target, token_holder(caller), database_clock.now())
    await audit_read(request, caller, "supabase.token", "supabase")
    return TenantTokenResponse(
        token=signed.token,
        expires_at=signed.expires_at,
        url=target.url,
        publishable_key=target.publishable_key,
    )


@keys_router.get(DISCOVERY_PATH, dependencies=[_PUBLIC])
async def get_tenant_token_issuer(request: Request, response: Response) -> IssuerResponse:
    """Describe the issuer of tenant tokens, for the third-party auth of a Supabase project."""
    response.headers["cache-control"] = _CACHED
    return IssuerResponse(**supabase_services_for(request).tokens.describe_issuer())


@keys_router.get(KEYS_PATH, dependencies=[_PUBLIC])
async def get_tenant_token_keys(request: Request, response: Response) -> JwkSetResponse:
    """Return the public keys that verify tenant tokens. A new key is here an hour before it
    signs.
    """
    keys = await supabase_services_for(request).tokens.public_keys(database_clock.now())
    response.headers["cache-control"] = _CACHED
    return JwkSetResponse(**keys)
