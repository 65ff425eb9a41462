"""Recordings: what a model really answered, one readable file for each conversation."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from niochat.cli.evaluation.models.answers import Answer, NoAnswer, Wanted
from niochat.cli.evaluation.models.asked import Asked
from niochat.cli.evaluation.models.endpoint import Player
from niochat.cli.evaluation.models.known import Known, Missing, known
from niochat.cli.evaluation.people import Cast
from niochat.cli.evaluation.results import Result, Verdict
from niochat.cli.evaluation.stage import Stage
from niochat.cli.evaluation.tenants import TIMEZONE
from niochat.domain.errors import InvalidInputError

FAILED = ".failed.yaml"
"""How the file of a conversation ends whose checks did not hold: it is no example."""


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as they read."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and not any(s.endswith(" ") for s in text.split("\n")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


@dataclass(slots=True)
class _Told:
    """What is known of a conversation beside its requests."""

    stage: Stage | None = None

    async def known(self, asked: Asked) -> Known:
        if self.stage is None:
            return known(asked, None, "")
        cast: Cast = self.stage.cast
        return known(asked, cast, (await self.stage.seen_of_conversation()).protocol)


def _base(conversation: str) -> str:
    """The scenario's name: the customer and the judge have conversations of their own."""
    return conversation.partition(".")[0]


@dataclass(slots=True)
class Recorder:
    """Answers as ``player`` does, and keeps what it said in ``folder``."""

    player: Player
    folder: Path
    model: str
    _stages: dict[str, _Told] = field(default_factory=dict)
    _answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def began(self, stage: Stage) -> None:
        """A conversation begins."""
        name = stage.scenario.name
        self._stages[name] = _Told(stage)
        self._answers = {n: kept for n, kept in self._answers.items() if _base(n) != name}

    async def answer(self, asked: Asked) -> Answer:
        """As the player."""
        answer = await self.player.answer(asked)
        told = self._stages.setdefault(_base(asked.conversation), _Told())
        values = await told.known(asked)
        kept: dict[str, Any] = {"after": asked.shape()}
        if answer.text:
            kept["text"] = values.replaced(answer.text)
        if answer.calls:
            kept["calls"] = [
                {"name": str(call.name), "arguments": values.replaced(_plain(call.arguments))}
                for call in answer.calls
            ]
        if answer.finish not in ("", "stop", "tool_calls"):
            kept["finish"] = answer.finish
        self._answers.setdefault(asked.conversation, []).append(kept)
        return answer

    def ended(self, result: Result) -> Result:
        """The conversation's file is written; a failed one's as no example."""
        failed = result.verdict is not Verdict.PASSED
        for name, answers in self._answers.items():
            if _base(name) == result.name:
                self._write(name, _file(name, result, self.model, answers), failed)
        return result

    def _write(self, name: str, text: str, failed: bool) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        bad = self.folder / f"{name}{FAILED}"
        (bad if failed else self.folder / f"{name}.yaml").write_text(text, "utf-8")
        if not failed:
            bad.unlink(missing_ok=True)


@dataclass(slots=True)
class Replayer:
    """Answers as the recordings of ``folder`` say. What goes another way fails, and says where."""

    folder: Path
    _stages: dict[str, _Told] = field(default_factory=dict)
    _wrong: dict[str, str] = field(default_factory=dict)
    _answered: dict[str, int] = field(default_factory=dict)
    _files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for file in sorted(self.folder.glob("*.yaml")):
            if not file.name.endswith(FAILED):
                self._files[file.stem] = _read(file)
        if not self._files:
            raise InvalidInputError(f"{self.folder} holds no recording")

    @property
    def names(self) -> frozenset[str]:
        """Of the conversations that were recorded."""
        return frozenset(self._files)

    @property
    def model(self) -> str:
        """Whose answers they are."""
        return ", ".join(sorted({str(file["model"]) for file in self._files.values()}))

    def began(self, stage: Stage) -> None:
        """A conversation begins."""
        self._stages[stage.scenario.name] = _Told(stage)

    async def answer(self, asked: Asked) -> Answer:
        """Raises ``NoAnswer`` where the recording does not fit any more."""
        name, number = asked.conversation, asked.number
        answers = self._files[name]["answers"] if name in self._files else []
        if number > len(answers):
            raise self._diverged(name, f"has {len(answers)} answers, and another is asked for "
                                       f"after {asked.shape() or 'nothing new'}")  # fmt: skip
        kept = answers[number - 1]
        if kept["after"] != asked.shape():
            raise self._diverged(
                name, f"answer {number} was given after {kept['after']}, not {asked.shape()}"
            )
        values = await self._stages.setdefault(_base(name), _Told()).known(asked)
        try:
            answer = Answer(
                values.filled(kept.get("text", "")),
                tuple(
                    Wanted(call["name"], values.filled(call["arguments"]))
                    for call in kept.get("calls", ())
                ),
                self._files[name]["model"], kept.get("finish", ""),
            )  # fmt: skip
        except Missing as missing:
            raise self._diverged(
                name, f"answer {number} needs {missing}, which is not there"
            ) from None
        self._answered[name] = number
        return answer

    def ended(self, result: Result) -> Result:
        """With the way in which the conversation differed from its recording."""
        wrong = [
            f"recording {name}.yaml: {why}"
            for name in self._files
            if _base(name) == result.name and (why := self._difference(name))
        ]
        if not wrong:
            return result
        return replace(result, verdict=Verdict.FAILED, problems=(*wrong, *result.problems))

    def _difference(self, name: str) -> str:
        if name in self._wrong:
            return self._wrong[name]
        left = len(self._files[name]["answers"]) - self._answered.get(name, 0)
        return f"{left} answers of the recording were not asked for" if left else ""

    def _diverged(self, name: str, why: str) -> NoAnswer:
        self._wrong.setdefault(name, why)
        return NoAnswer(f"the recording {name}.yaml {why}", status=404)


def _file(name: str, result: Result, model: str, answers: list[dict[str, Any]]) -> str:
    told = {
        "scenario": name,
        "model": model,
        "prompt": result.prompt,
        "recorded": datetime.now(ZoneInfo(TIMEZONE)).date().isoformat(),
        **({"problems": list(result.problems)} if result.problems else {}),
        "answers": answers,
    }
    return yaml.dump(told, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=98)


def _read(file: Path) -> dict[str, Any]:
    try:
        told = yaml.safe_load(file.read_text("utf-8"))
        answers = told["answers"]
        well = all(isinstance(each["after"], list) for each in answers) and told["model"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise InvalidInputError(f"{file} is no recording: {error!r}") from None
    if not well:
        raise InvalidInputError(f"{file} is no recording: model and answers with after are needed")
    return dict(told)


def _plain(arguments: Mapping[str, Any] | str) -> Any:
    return arguments if isinstance(arguments, str) else dict(arguments)
