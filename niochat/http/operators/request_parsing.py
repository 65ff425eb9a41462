"""What an operator's request says, checked; and answers as JSON."""

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from niochat.actors import actor_addresses
from niochat.conversations.pauses import MAX_PAUSE_S
from niochat.domain.errors import InvalidInputError
from niochat.domain.text_validation import control_character_error
from niochat.runtime.address import ActorAddress

MAX_OPERATOR_BODY = 16 * 1024
MAX_PAGE_SIZE = 200
MAX_KEY_LENGTH = 128
"""Characters of an idempotency key."""
ACTOR_KINDS = (actor_addresses.CONVERSATION, actor_addresses.TENANT, actor_addresses.TEAM_QUEUE)
BodyModel = TypeVar("BodyModel", bound=BaseModel)


class PauseActorRequest(BaseModel):
    """The duration of the pause in seconds."""

    model_config = ConfigDict(extra="forbid")
    seconds: float = Field(600.0, gt=0, le=MAX_PAUSE_S, allow_inf_nan=False)


class HandOffRequest(BaseModel):
    """The team that receives the conversation. Without a team, the default team of the tenant
    receives it.
    """

    model_config = ConfigDict(extra="forbid")
    team: str | None = Field(None, min_length=1, max_length=63)


@dataclass(frozen=True, slots=True)
class ActorListQuery:
    """Which actors are wanted."""

    host: str | None
    kind: str | None
    after: ActorAddress | None
    limit: int
    busiest: bool


def parse_actor_list_query(request: Request) -> ActorListQuery:
    """From the query. Raises ``InvalidInputError`` that says what to change."""
    query = request.query_params
    after = query.get("after")
    order = query.get("order", "address")
    if order not in ("address", "mailbox"):
        raise InvalidInputError("order must be address or mailbox.", code="bad_order")
    kind = query.get("kind")
    return ActorListQuery(
        query.get("host"),
        None if kind is None else _parse_kind(kind),
        None if after is None else parse_address(*after.partition(":")[::2]),
        _parse_limit(query.get("limit", "50")),
        order == "mailbox",
    )


def parse_address(kind: str, key: str) -> ActorAddress:
    """Raises ``InvalidInputError`` for a kind there is not, or a key that is no UUID."""
    try:
        return ActorAddress(_parse_kind(kind), UUID(key))
    except ValueError:
        raise InvalidInputError(
            f"An actor is addressed by kind and key, such as "
            f"{actor_addresses.CONVERSATION}:<uuid of the thread>.",
            code="bad_address",
        ) from None


def client_address(request: Request) -> str:
    """The address the request came from."""
    return request.client.host if request.client is not None else ""


def parse_idempotency_key(request: Request) -> str | None:
    """The header's value. Raises ``InvalidInputError`` when it cannot be stored as it is."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (
        0 < len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()
    ):
        raise InvalidInputError(
            f"Idempotency-Key must be 1 to {MAX_KEY_LENGTH} printable ASCII characters.",
            code="bad_key",
        )
    return key


async def parse_body(request: Request, model: type[BodyModel]) -> BodyModel:
    """The body, which may be empty. Raises ``InvalidInputError`` that names what is wrong."""
    raw = await _read_body(request)
    try:
        said = orjson.loads(raw) if raw else {}
        odd = control_character_error(said, "body")
        if odd is not None:
            raise InvalidInputError(odd, code="bad_body")
        return model.model_validate(said)
    except orjson.JSONDecodeError as error:
        raise InvalidInputError(f"The body is not valid JSON: {error}.", code="malformed") from None
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors()]
        raise InvalidInputError("; ".join(wrong), code="bad_body") from None


def json_response(value: object, status: int = 200) -> Response:
    """JSON, with ids and times as text."""
    return Response(
        orjson.dumps(value, default=_encode_value),
        status_code=status,
        media_type="application/json",
    )


def _encode_value(value: object) -> str:
    """The driver's ids are of a class of its own, which orjson does not know."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value)} is not for answers")


def _parse_kind(kind: str) -> str:
    if kind not in ACTOR_KINDS:
        raise InvalidInputError(f"kind must be one of {', '.join(ACTOR_KINDS)}.", code="bad_kind")
    return kind


def _parse_limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_PAGE_SIZE):
        raise InvalidInputError(
            f"limit must be a number from 1 to {MAX_PAGE_SIZE}.", code="bad_limit"
        )
    return int(text)


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_OPERATOR_BODY:
                raise InvalidInputError("The body is larger than 16 KiB.", code="too_large")
    except ClientDisconnect:
        raise InvalidInputError("The body ended early. Send the complete body.") from None
    return bytes(body)
