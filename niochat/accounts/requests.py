"""What a provider's file says of requests for a change; see :mod:`niochat.domain.requests`."""

from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from niochat.accounts.declared import Declared, wrong_at
from niochat.accounts.fields import Code, Count, Slug
from niochat.domain.erp import Category
from niochat.domain.requests import RequestKind, RequestWay


def _way(value: object) -> object:
    """YAML reads a bare ``off`` as false."""
    return RequestWay.OFF if value is False else value


Day = Annotated[Count, Field(ge=1, le=31)]


class RequestEntry(Declared):
    """How one kind of change request is handled."""

    how: Annotated[RequestWay, BeforeValidator(_way)] = RequestWay.TEAM
    """``order``: a service order in the ERP. ``team``: people get it. ``off``: not taken here."""
    category: Category | None = None
    """Of the order; left out: ``outro``."""
    code: Code | None = None
    """The provider's own code of such orders, in place of the category's. Quote leading zeros."""
    team: Slug | None = None
    """Who gets it; left out: whose work it is (billing, support, sales)."""
    days: Annotated[tuple[Day, ...], Field(max_length=31)] | None = None
    """Days of the month that may be chosen, of ``vencimento``; left out: any."""

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.how is not RequestWay.ORDER and (self.category or self.code):
            raise wrong_at("category and code are those of an order: how must be order", "how")
        return self


def _days_of_due_dates(
    requests: dict[RequestKind, RequestEntry],
) -> dict[RequestKind, RequestEntry]:
    if any(each.days is not None for kind, each in requests.items() if kind != RequestKind.DUE_DAY):
        raise ValueError(f"days are those of {RequestKind.DUE_DAY} alone")
    return requests


Requests = Annotated[
    dict[RequestKind, RequestEntry],
    Field(default_factory=dict, max_length=len(RequestKind)),
    AfterValidator(_days_of_due_dates),
]


def unknown_team(requests: dict[RequestKind, RequestEntry], slugs: set[str]) -> str | None:
    """The first kind whose team is none of the provider's."""
    return next((kind for kind, each in requests.items() if each.team and each.team not in slugs),
                None)  # fmt: skip
