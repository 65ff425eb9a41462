"""What the provider told is known: its questions are answered, and lies about it do not leave."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from niochat.adapters.calendar import presence
from niochat.assistant.case import Case
from niochat.assistant.facts import Facts
from niochat.assistant.guard import untrue
from niochat.assistant.prompt import system_prompt
from niochat.assistant.transcript import Line
from niochat.domain.message import Author
from niochat.domain.policy import Policy
from tests.assistant import demo
from tests.assistant.guarded import PROTOCOL, case

ANSWERS = Path(__file__).parent / "corpora/questions.yaml"
PERSONA = {"name": "Nia", "company": "Provedor Demo"}


@cache
def answers() -> dict[str, dict[str, list[str]]]:
    return dict(yaml.safe_load(ANSWERS.read_text(encoding="utf-8")))


def told(kind: Any) -> Iterator[tuple[str, str]]:
    for name, said in answers().items():
        yield from ((name, text) for text in said[kind])


def asked(question: str, policy: Policy | None = None, **facts: Any) -> Case:
    """A visit of somebody unknown who asks this; ``facts`` in the place of the demo provider's."""
    made = case(Facts(), lines=(Line(Author.CUSTOMER, question),))
    policy = policy or demo.week()
    people = presence(policy, made.visit.now)
    made.visit = replace(made.visit, policy=policy, people=people)
    made.provider = demo.known({**demo.declared(), **facts})
    return made


def refused(text: str, of: Case) -> str:
    """The code; empty: it leaves."""
    prompt = system_prompt(PERSONA, PROTOCOL)
    found = untrue(text, of, prompt.told, prompt.rules)
    return found.code if found else ""


def of_question(name: str) -> Case:
    scenario = demo.questions()[name]
    closed = ["2026-11-23"] if scenario["policy"].get("closed_days") else []
    return asked(scenario["steps"][0]["say"], demo.week(*closed))


def test_there_are_forty_questions_and_each_has_answers() -> None:
    assert len(answers()) >= 40
    assert set(answers()) == set(demo.questions())
    assert all(each[True] and each[False] for each in answers().values())


def test_the_questions_are_asked_of_the_demo_provider() -> None:
    assert demo.questions()["pergunta-horario"]["assistant"]["facts"] == demo.declared()


@pytest.mark.parametrize(("name", "text"), told(True))
def test_a_true_answer_leaves(name: str, text: str) -> None:
    assert refused(text, of_question(name)) == ""


@pytest.mark.parametrize(("name", "text"), told(False))
def test_a_false_answer_does_not_leave(name: str, text: str) -> None:
    assert refused(text, of_question(name)) != ""
