"""The demo provider as its assistant knows it: its facts, its hours, its questions."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from niochat.adapters.postgres.domain_json_codec import policy_from_row
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.tenant.provider_facts import ProviderFacts
from niochat.tenants.provider_file.facts_schema import FactsConfig, parse_facts
from niochat.tenants.provider_file.policy_schema import PolicyConfig
from niochat_lab.evaluation.definitions import scenario_loader

EXAMPLE = Path(__file__).parents[2] / "examples/demo.yaml"


@cache
def load_questions() -> dict[str, dict[str, Any]]:
    """The evaluation's questions, as their file says them, by name."""
    text = (scenario_loader.SCENARIO_FOLDER / "questions.yaml").read_text(encoding="utf-8")
    return {each["name"]: each for each in yaml.safe_load(text)["scenarios"]}


def load_provider_facts() -> dict[str, Any]:
    """Facts of the file that comes with the product."""
    (demo, *_) = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["providers"]
    return dict(demo["assistant"]["facts"])


def build_known_facts(facts: dict[str, Any]) -> ProviderFacts:
    """As a turn is told them."""
    return parse_facts(FactsConfig.model_validate(facts).to_row())


def build_business_hours(
    *closed: str, holidays: str = "BR-PE", hours: list[dict[str, Any]] | None = None
) -> ConversationPolicy:
    """The questions' hours: Monday to Friday 8 to 18, Saturday 8 to 12."""
    told = hours or load_questions()["pergunta-horario"]["policy"]["hours"]
    entry = {"hours": told, "holidays": holidays, "closed_days": list(closed)}
    return policy_from_row("active", PolicyConfig.model_validate(entry).to_row())
