"""Recordings: what a model really answered, one readable file for each conversation."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from niochat.domain.errors import InvalidInputError
from niochat_lab.evaluation.definitions.scenario_people import ScenarioPeople
from niochat_lab.evaluation.evaluation_results import ScenarioResult, ScenarioVerdict
from niochat_lab.evaluation.evaluation_tenants import TIMEZONE
from niochat_lab.evaluation.responders.model_answer import (
    ModelAnswer,
    RequestedToolCall,
    ResponderRefusedError,
)
from niochat_lab.evaluation.responders.model_request import ModelRequest
from niochat_lab.evaluation.responders.recording_placeholders import (
    MissingPlaceholderError,
    PlaceholderValues,
    collect_placeholder_values,
)
from niochat_lab.evaluation.responders.responder_endpoint import ModelResponder
from niochat_lab.evaluation.scenario_session import ScenarioSession

FAILED_SUFFIX = ".failed.yaml"
"""How the file of a conversation ends whose checks did not hold: it is no example."""


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as they read."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and not any(s.endswith(" ") for s in text.split("\n")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


@dataclass(slots=True)
class _RecordingContext:
    """What is known of a conversation beside its requests."""

    stage: ScenarioSession | None = None

    async def placeholder_values(self, asked: ModelRequest) -> PlaceholderValues:
        if self.stage is None:
            return collect_placeholder_values(asked, None, "")
        cast: ScenarioPeople = self.stage.people
        return collect_placeholder_values(
            asked, cast, (await self.stage.observe_conversation()).protocol
        )


def _scenario_name(conversation: str) -> str:
    """The scenario's name: the customer and the judge have conversations of their own."""
    return conversation.partition(".")[0]


@dataclass(slots=True)
class RecordingResponder:
    """Answers as ``player`` does, and keeps what it said in ``folder``."""

    responder: ModelResponder
    folder: Path
    model: str
    _stages: dict[str, _RecordingContext] = field(default_factory=dict)
    _answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def on_started(self, stage: ScenarioSession) -> None:
        """A conversation begins."""
        name = stage.scenario.name
        self._stages[name] = _RecordingContext(stage)
        self._answers = {n: kept for n, kept in self._answers.items() if _scenario_name(n) != name}

    async def answer(self, asked: ModelRequest) -> ModelAnswer:
        """As the player."""
        answer = await self.responder.answer(asked)
        told = self._stages.setdefault(_scenario_name(asked.conversation), _RecordingContext())
        values = await told.placeholder_values(asked)
        kept: dict[str, Any] = {"after": asked.shape()}
        if answer.text:
            kept["text"] = values.insert_placeholders(answer.text)
        if answer.calls:
            kept["calls"] = [
                {
                    "name": str(call.name),
                    "arguments": values.insert_placeholders(_plain_arguments(call.arguments)),
                }
                for call in answer.calls
            ]
        if answer.finish not in ("", "stop", "tool_calls"):
            kept["finish"] = answer.finish
        self._answers.setdefault(asked.conversation, []).append(kept)
        return answer

    def on_finished(self, result: ScenarioResult) -> ScenarioResult:
        """The conversation's file is written; a failed one's as no example."""
        failed = result.verdict is not ScenarioVerdict.PASSED
        for name, answers in self._answers.items():
            if _scenario_name(name) == result.name:
                self._write(name, _format_recording(name, result, self.model, answers), failed)
        return result

    def _write(self, name: str, text: str, failed: bool) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        bad = self.folder / f"{name}{FAILED_SUFFIX}"
        (bad if failed else self.folder / f"{name}.yaml").write_text(text, "utf-8")
        if not failed:
            bad.unlink(missing_ok=True)


@dataclass(slots=True)
class ReplayingResponder:
    """Answers as the recordings of ``folder`` say. What goes another way fails, and says where."""

    folder: Path
    _stages: dict[str, _RecordingContext] = field(default_factory=dict)
    _wrong: dict[str, str] = field(default_factory=dict)
    _answered: dict[str, int] = field(default_factory=dict)
    _files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for file in sorted(self.folder.glob("*.yaml")):
            if not file.name.endswith(FAILED_SUFFIX):
                self._files[file.stem] = _load_recording(file)
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

    def on_started(self, stage: ScenarioSession) -> None:
        """A conversation begins."""
        self._stages[stage.scenario.name] = _RecordingContext(stage)

    async def answer(self, asked: ModelRequest) -> ModelAnswer:
        """Raises ``ResponderRefusedError`` where the recording does not fit any more."""
        name, number = asked.conversation, asked.number
        answers = self._files[name]["answers"] if name in self._files else []
        if number > len(answers):
            raise self._divergence_error(
                name,
                f"has {len(answers)} answers, and another is asked for "
                f"after {asked.shape() or 'nothing new'}",
            )
        kept = answers[number - 1]
        if kept["after"] != asked.shape():
            raise self._divergence_error(
                name, f"answer {number} was given after {kept['after']}, not {asked.shape()}"
            )
        values = await self._stages.setdefault(
            _scenario_name(name), _RecordingContext()
        ).placeholder_values(asked)
        try:
            answer = ModelAnswer(
                values.resolve_placeholders(kept.get("text", "")),
                tuple(
                    RequestedToolCall(call["name"], values.resolve_placeholders(call["arguments"]))
                    for call in kept.get("calls", ())
                ),
                self._files[name]["model"],
                kept.get("finish", ""),
            )
        except MissingPlaceholderError as missing:
            raise self._divergence_error(
                name, f"answer {number} needs {missing}, which is not there"
            ) from None
        self._answered[name] = number
        return answer

    def on_finished(self, result: ScenarioResult) -> ScenarioResult:
        """With the way in which the conversation differed from its recording."""
        wrong = [
            f"recording {name}.yaml: {why}"
            for name in self._files
            if _scenario_name(name) == result.name and (why := self._difference(name))
        ]
        if not wrong:
            return result
        return replace(result, verdict=ScenarioVerdict.FAILED, problems=(*wrong, *result.problems))

    def _difference(self, name: str) -> str:
        if name in self._wrong:
            return self._wrong[name]
        left = len(self._files[name]["answers"]) - self._answered.get(name, 0)
        return f"{left} answers of the recording were not asked for" if left else ""

    def _divergence_error(self, name: str, why: str) -> ResponderRefusedError:
        self._wrong.setdefault(name, why)
        return ResponderRefusedError(f"the recording {name}.yaml {why}", status=404)


def _format_recording(
    name: str, result: ScenarioResult, model: str, answers: list[dict[str, Any]]
) -> str:
    told = {
        "scenario": name,
        "model": model,
        "prompt": result.prompt,
        "recorded": datetime.now(ZoneInfo(TIMEZONE)).date().isoformat(),
        **({"problems": list(result.problems)} if result.problems else {}),
        "answers": answers,
    }
    return yaml.dump(told, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=98)


def _load_recording(file: Path) -> dict[str, Any]:
    try:
        told = yaml.safe_load(file.read_text("utf-8"))
        answers = told["answers"]
        well = all(isinstance(each["after"], list) for each in answers) and told["model"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise InvalidInputError(f"{file} is no recording: {error!r}") from None
    if not well:
        raise InvalidInputError(f"{file} is no recording: model and answers with after are needed")
    return dict(told)


def _plain_arguments(arguments: Mapping[str, Any] | str) -> Any:
    return arguments if isinstance(arguments, str) else dict(arguments)
