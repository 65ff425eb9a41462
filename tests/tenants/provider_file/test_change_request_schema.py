"""Promises about requests for a change in a provider's file."""

from pathlib import Path
from typing import Any

import pytest

from niochat.domain.errors import InvalidInputError
from niochat.domain.tenant.change_requests import (
    ChangeRequestKind,
    ChangeRequestRoute,
    ChangeRequestRule,
    parse_change_request_rules,
)
from niochat.ports.erp import TicketCategory
from niochat.tenants.provider_file.provider_loader import load_providers
from tests.tenants.provider_files import ENV, build_assistant, build_provider, load_provider_file

FILE = """\
providers:
  - slug: demo
    name: Provedor Demo
    teams: [{slug: atendimento, name: Atendimento}, {slug: campo, name: Campo}]
    assistant:
      endpoint: https://models.example.com/v1
      api_key: env:DEMO_KEY
      model: some-model
      requests:
        vencimento: {how: order, code: "031", days: [5, 10, 15]}
        wifi_senha: {how: order, category: equipamento}
        titularidade: {how: off}
        endereco: {team: campo}
"""


def test_a_file_says_what_is_done_about_each_kind(tmp_path: Path) -> None:
    path = tmp_path / "providers.yaml"
    path.write_text(FILE, "utf-8")

    (found,) = load_providers(path, ENV)

    assert found.assistant is not None
    stored = {
        kind.value: each.model_dump(mode="json", exclude_none=True)
        for kind, each in found.assistant.requests.items()
    }
    rules = parse_change_request_rules(stored)
    assert rules[ChangeRequestKind.DUE_DAY] == ChangeRequestRule(
        ChangeRequestRoute.ORDER, TicketCategory.OTHER, "031", "", (5, 10, 15)
    )
    assert rules[ChangeRequestKind.WIFI_PASSWORD].category is TicketCategory.EQUIPMENT
    assert rules[ChangeRequestKind.HOLDER].how is ChangeRequestRoute.OFF
    assert rules[ChangeRequestKind.ADDRESS] == ChangeRequestRule(team="campo")
    assert rules[ChangeRequestKind.PLAN] == ChangeRequestRule()


@pytest.mark.parametrize("odd", [None, 7, "order", [], {"how": "later"}, {"category": "x"}])
def test_what_another_version_stored_goes_to_a_team(odd: Any) -> None:
    assert parse_change_request_rules({"plano": odd})[ChangeRequestKind.PLAN] == ChangeRequestRule()


@pytest.mark.parametrize(
    ("requests", "said"),
    [
        ({"senha": {}}, "requests.senha"),
        ({"plano": {"how": "later"}}, "requests.plano.how"),
        ({"plano": {"how": True}}, "requests.plano.how"),
        ({"plano": {"how": "order", "category": "x"}}, "requests.plano.category"),
        ({"plano": {"code": "7"}}, "only with how: order"),
        ({"plano": {"team": "vendas"}}, "plano.team: this team is not among: atendimento"),
        ({"vencimento": {"days": [0]}}, "greater than or equal to 1"),
        ({"vencimento": {"days": [32]}}, "less than or equal to 31"),
        ({"vencimento": {"days": "10"}}, "requests.vencimento.days"),
        ({"vencimento": {"dia": 1}}, "unknown key"),
        ({"plano": {"days": [5]}}, "days is allowed for vencimento only"),
    ],
)
def test_a_wrong_rule_is_refused_in_a_sentence(
    tmp_path: Path, requests: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        load_provider_file(tmp_path, build_provider(assistant=build_assistant(requests=requests)))

    assert said in str(refused.value)
