"""Requests to the simulated SGP, with query, form and JSON as one set of fields."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from niochat_sandbox.sgp.erp_installations import SgpInstallation
from niochat_sandbox.sgp.erp_subscribers import SgpContract, SgpSubscriber

_SECRETS = ("token", "app")


def parse_request_fields(content_type: str, query: bytes, body: bytes) -> dict[str, Any]:
    """Merge the fields of query and body; those of the body win. Raises ValueError for invalid
    JSON.
    """
    fields: dict[str, Any] = _parse_pairs(query)
    if content_type.startswith("application/json"):
        json_fields = orjson.loads(body) if body else {}
        if not isinstance(json_fields, dict):
            raise ValueError("an object is expected")
        return fields | json_fields
    return fields | _parse_pairs(body)


def _parse_pairs(encoded: bytes) -> dict[str, Any]:
    text = encoded.decode("utf-8", "replace")
    return dict(parse_qsl(text, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class SimulatedSgpRequest:
    """An authenticated request. ``base``: the ERP's own URL as the client wrote it."""

    installation: SgpInstallation
    fields: dict[str, Any]
    base: str
    path: dict[str, Any]

    def text(self, name: str) -> str:
        """A field as stripped text, or the only item of a list; empty if absent."""
        value = self.fields.get(name)
        if isinstance(value, list):
            value = value[0] if len(value) == 1 else None
        return "" if value is None else str(value).strip()

    def digits(self, name: str) -> str:
        """The digits of a field."""
        return re.sub(r"\D", "", self.text(name))

    def tax_id(self, name: str) -> str:
        """A CPF or CNPJ without separators; a CNPJ may contain letters."""
        return re.sub(r"[\W_]", "", self.text(name)).upper()

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("1", "true")

    def number(self, name: str) -> int:
        """A field as a number; 0 if it is no number."""
        text = self.text(name)
        return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else 0

    def content(self) -> dict[str, Any]:
        """All fields except the credentials."""
        return {name: value for name, value in self.fields.items() if name not in _SECRETS}

    def contract_number(self) -> tuple[SgpSubscriber, SgpContract] | None:
        """The contract of the field ``contrato`` and its subscriber."""
        return self.installation.find_contract(self.number("contrato"))

    def matches(self) -> list[tuple[SgpSubscriber, list[SgpContract]]]:
        """The subscribers and contracts that match all filters; none without a filter."""
        names = [name for name in _FILTERS if self.text(name)]
        found = []
        for subscriber in self.installation.subscribers if names else []:
            contracts = [
                each
                for each in subscriber.contracts
                if all(_FILTERS[name](self, name, subscriber, each) for name in names)
            ]
            if contracts:
                found.append((subscriber, contracts))
        return found


def network_login(contract: SgpContract) -> str:
    """The login of the connection in the network."""
    return f"cliente{contract.id}"


def subscriber_email(subscriber: SgpSubscriber) -> str:
    """An address at a domain that cannot exist."""
    return f"cliente{subscriber.id}@exemplo.invalid"


def _has_phone(
    call: SimulatedSgpRequest, name: str, subscriber: SgpSubscriber, _contract: SgpContract
) -> bool:
    digits = call.digits(name)
    known = {re.sub(r"\D", "", phone) for phone in subscriber.erp_phones}
    return digits in known or digits.removeprefix("55") in known


_FILTERS = {
    "cpfcnpj": lambda call, name, owner, _: call.tax_id(name) == owner.document,
    "contrato": lambda call, name, _, contract: call.number(name) == contract.id,
    "nome": lambda call, name, owner, _: call.text(name).casefold() in owner.name.casefold(),
    "login": lambda call, name, _, contract: call.text(name) == network_login(contract),
    "email": lambda call, name, owner, _: call.text(name) == subscriber_email(owner),
    "telefone": _has_phone,
}
