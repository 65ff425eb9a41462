"""``/auth/me``: the profile of the signed-in user: name, photo and password."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from niochat.adapters.clock import database_clock
from niochat.adapters.photo_encoder import MAX_UPLOAD_BYTES, PHOTO_MIMETYPE, encode_photo
from niochat.http.api.schemas import DisplayName, RequestModel, ResponseModel
from niochat.http.rest.dependencies import (
    UserDependency,
    announce_access_change,
    audit_actor_for,
    current_tenant_id,
    home_tenant_id,
    identity_services_for,
)
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.identity.auth_routes import SecretText, photo_url_for
from niochat.http.rest.upload_form import UPLOAD_FORM, read_upload
from niochat.identity.authentication import Principal

SignedInUser = Annotated[Principal, Depends(UserDependency())]
_PHOTO_RESPONSES: dict[int | str, dict[str, object]] = {
    200: {"content": {PHOTO_MIMETYPE: {}}, "description": "The photo."},
}

router = APIRouter(tags=["profile"], route_class=IdempotentRoute)


class UpdateProfileRequest(RequestModel):
    """The new name."""

    name: DisplayName


class ChangePasswordRequest(RequestModel):
    """The current password and the new one, which must have 10 to 256 characters."""

    current_password: SecretText
    password: SecretText


class PhotoResponse(ResponseModel):
    """The address of a stored photo. It changes with the photo."""

    photo_url: str | None


@router.patch("/auth/me", status_code=204)
async def update_profile(body: UpdateProfileRequest, user: SignedInUser, request: Request) -> None:
    """Change the name of the signed-in user."""
    await identity_services_for(request).profiles.rename(
        user.id, body.name, audit_actor_for(request, user)
    )


@router.put("/auth/me/photo", openapi_extra=UPLOAD_FORM)
async def put_photo(user: SignedInUser, request: Request) -> PhotoResponse:
    """Set the photo of the signed-in user: a JPEG, PNG or WebP picture in the form field ``file``,
    at most 8 MiB and 25 megapixels. Its middle square is stored with 256 by 256 pixels, without
    metadata.
    """
    tenant_id = home_tenant_id(user)
    _, data = await read_upload(request, MAX_UPLOAD_BYTES)
    digest = await identity_services_for(request).profiles.put_photo(
        tenant_id, user.id, await encode_photo(data), audit_actor_for(request, user)
    )
    return PhotoResponse(photo_url=photo_url_for(user.id, digest))


@router.delete("/auth/me/photo", status_code=204)
async def delete_photo(user: SignedInUser, request: Request) -> None:
    """Delete the photo of the signed-in user."""
    await identity_services_for(request).profiles.delete_photo(
        home_tenant_id(user), user.id, audit_actor_for(request, user)
    )


@router.get("/users/{user_id}/photo", response_class=Response, responses=_PHOTO_RESPONSES)
async def get_user_photo(user_id: UUID, user: SignedInUser, request: Request) -> Response:
    """Return the photo of a user of the tenant, for every member of the tenant. With the ETag as
    ``If-None-Match`` the response is 304 without content.
    """
    photo = await identity_services_for(request).profiles.find_photo(
        current_tenant_id(user), user_id
    )
    etag = f'"{photo.digest}"'
    headers = {
        "etag": etag,
        "cache-control": "private, max-age=86400",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    return Response(photo.image, 200, headers, PHOTO_MIMETYPE)


@router.post("/auth/me/password", status_code=204)
async def change_password(
    body: ChangePasswordRequest, user: SignedInUser, request: Request
) -> None:
    """Change the password of the signed-in user. All other sessions of the user end."""
    assert user.session_id is not None
    await identity_services_for(request).password_changes.change(
        user.id,
        user.session_id,
        body.current_password.get_secret_value(),
        body.password.get_secret_value(),
        audit_actor_for(request, user),
        database_clock.now(),
    )
    await announce_access_change(request, user.id)
