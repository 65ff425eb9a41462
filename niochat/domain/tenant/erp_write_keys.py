"""Business keys of writes to the ERP. The assistant and the agents use the same ones, so that a
write is executed once whoever requests it.
"""

from datetime import datetime
from hashlib import sha256

from niochat.domain.tenant.erp_values import TicketCategory


def unlock_key(contract: str, now: datetime) -> str:
    """The key of the month's unlock of a contract. ``now`` is in the tenant's time zone."""
    return f"unlock:{contract}:{now:%Y-%m}"


def ticket_key(
    contract: str, category: TicketCategory, conversation_id: object, after: str = ""
) -> str:
    """The key of a conversation's service order; ``after`` is the number of an earlier order that
    this one is opened in addition to.
    """
    key = f"ticket:{contract}:{category}:{conversation_id}"
    return f"{key}:after-{after}" if after else key


def ticket_reference(category: TicketCategory, conversation_id: object, after: str = "") -> str:
    """A reference within the order's content, by which the order is found if the ERP's answer was
    lost.
    """
    meaning = f"{conversation_id}:{category}" + (f":after-{after}" if after else "")
    return f"NC-{sha256(meaning.encode()).hexdigest()[:12]}"
