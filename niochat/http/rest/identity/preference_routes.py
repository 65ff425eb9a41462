"""``/preferences``: the choices of the signed-in user for screens and notifications."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from niochat.http.api.entity_tags import IfMatch, parse_if_match, set_etag
from niochat.http.rest.dependencies import (
    UserDependency,
    audit_actor_for,
    home_tenant_id,
    identity_services_for,
)
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.identity.preference_schema import PreferencesDocument
from niochat.identity.authentication import Principal

SignedInUser = Annotated[Principal, Depends(UserDependency())]

router = APIRouter(prefix="/preferences", tags=["preferences"], route_class=IdempotentRoute)


@router.get("")
async def get_preferences(
    user: SignedInUser, request: Request, response: Response
) -> PreferencesDocument:
    """Return the preferences of the signed-in user. The ETag is needed to change them."""
    document, version = await identity_services_for(request).preferences.find(
        home_tenant_id(user), user.id
    )
    set_etag(response, version)
    try:
        return PreferencesDocument.model_validate(document)
    except ValidationError:  # stored by a newer release, before it was taken back
        return PreferencesDocument()


@router.put("")
async def replace_preferences(
    body: PreferencesDocument,
    user: SignedInUser,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> PreferencesDocument:
    """Replace the preferences of the signed-in user. ``If-Match`` keeps two windows from
    overwriting each other's changes.
    """
    version = await identity_services_for(request).preferences.replace(
        home_tenant_id(user),
        user.id,
        body.model_dump(mode="json"),
        parse_if_match(if_match),
        audit_actor_for(request, user),
    )
    set_etag(response, version)
    return body
