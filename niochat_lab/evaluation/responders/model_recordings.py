"""Recordings of a model's answers, one readable file per conversation."""

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
"""The suffix of recordings whose checks failed; they are not replayed."""


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as block scalars."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and not any(s.endswith(" ") for s in text.split("\n")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


@dataclass(slots=True)
class _RecordingContext:
    """The data about a conversation that its requests do not contain."""

    session: ScenarioSession | None = None

    async def placeholder_values(self, request: ModelRequest) -> PlaceholderValues:
        if self.session is None:
            return collect_placeholder_values(request, None, "")
        people: ScenarioPeople = self.session.people
        return collect_placeholder_values(
            request, people, (await self.session.observe_conversation()).protocol
        )


def _scenario_name(conversation: str) -> str:
    """The scenario's name in the name of a conversation; player and judge have suffixes."""
    return conversation.partition(".")[0]


@dataclass(slots=True)
class RecordingResponder:
    """Answers as ``responder`` does, and records the answers in ``folder``."""

    responder: ModelResponder
    folder: Path
    model: str
    _contexts: dict[str, _RecordingContext] = field(default_factory=dict)
    _answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def on_started(self, session: ScenarioSession) -> None:
        """Start the recording of a conversation."""
        name = session.scenario.name
        self._contexts[name] = _RecordingContext(session)
        self._answers = {n: kept for n, kept in self._answers.items() if _scenario_name(n) != name}

    async def answer(self, request: ModelRequest) -> ModelAnswer:
        """Answer and record."""
        answer = await self.responder.answer(request)
        context = self._contexts.setdefault(
            _scenario_name(request.conversation), _RecordingContext()
        )
        values = await context.placeholder_values(request)
        record: dict[str, Any] = {"after": request.shape()}
        if answer.text:
            record["text"] = values.insert_placeholders(answer.text)
        if answer.calls:
            record["calls"] = [
                {
                    "name": str(call.name),
                    "arguments": values.insert_placeholders(_plain_arguments(call.arguments)),
                }
                for call in answer.calls
            ]
        if answer.finish not in ("", "stop", "tool_calls"):
            record["finish"] = answer.finish
        self._answers.setdefault(request.conversation, []).append(record)
        return answer

    def on_finished(self, result: ScenarioResult) -> ScenarioResult:
        """Write the conversation's file; that of a failed conversation gets
        :data:`FAILED_SUFFIX`.
        """
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
    """Replays the recordings of ``folder``.

    A conversation that diverges from its recording fails, with the place of the divergence.
    """

    folder: Path
    _contexts: dict[str, _RecordingContext] = field(default_factory=dict)
    _divergences: dict[str, str] = field(default_factory=dict)
    _answered: dict[str, int] = field(default_factory=dict)
    _files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for file in sorted(self.folder.glob("*.yaml")):
            if not file.name.endswith(FAILED_SUFFIX):
                self._files[file.stem] = _load_recording(file)
        if not self._files:
            raise InvalidInputError(f"{self.folder} has no recording")

    @property
    def names(self) -> frozenset[str]:
        """The names of the recorded conversations."""
        return frozenset(self._files)

    @property
    def model(self) -> str:
        """The models that gave the recorded answers."""
        return ", ".join(sorted({str(file["model"]) for file in self._files.values()}))

    def on_started(self, session: ScenarioSession) -> None:
        """Start the replay of a conversation."""
        self._contexts[session.scenario.name] = _RecordingContext(session)

    async def answer(self, request: ModelRequest) -> ModelAnswer:
        """Raises ``ResponderRefusedError`` if the conversation diverges from its recording."""
        name, number = request.conversation, request.number
        answers = self._files[name]["answers"] if name in self._files else []
        if number > len(answers):
            raise self._divergence_error(
                name,
                f"has {len(answers)} answers, and another is asked for "
                f"after {request.shape() or 'nothing new'}",
            )
        record = answers[number - 1]
        if record["after"] != request.shape():
            raise self._divergence_error(
                name, f"answer {number} was given after {record['after']}, not {request.shape()}"
            )
        values = await self._contexts.setdefault(
            _scenario_name(name), _RecordingContext()
        ).placeholder_values(request)
        try:
            answer = ModelAnswer(
                values.resolve_placeholders(record.get("text", "")),
                tuple(
                    RequestedToolCall(call["name"], values.resolve_placeholders(call["arguments"]))
                    for call in record.get("calls", ())
                ),
                self._files[name]["model"],
                record.get("finish", ""),
            )
        except MissingPlaceholderError as missing:
            raise self._divergence_error(
                name, f"answer {number} needs {missing}, which has no value"
            ) from None
        self._answered[name] = number
        return answer

    def on_finished(self, result: ScenarioResult) -> ScenarioResult:
        """Add the divergence from the recording to the problems of the result."""
        divergences = [
            f"recording {name}.yaml: {divergence}"
            for name in self._files
            if _scenario_name(name) == result.name and (divergence := self._difference(name))
        ]
        if not divergences:
            return result
        return replace(
            result, verdict=ScenarioVerdict.FAILED, problems=(*divergences, *result.problems)
        )

    def _difference(self, name: str) -> str:
        if name in self._divergences:
            return self._divergences[name]
        left = len(self._files[name]["answers"]) - self._answered.get(name, 0)
        return f"{left} answers of the recording were not requested" if left else ""

    def _divergence_error(self, name: str, detail: str) -> ResponderRefusedError:
        self._divergences.setdefault(name, detail)
        return ResponderRefusedError(f"the recording {name}.yaml {detail}", status=404)


def _format_recording(
    name: str, result: ScenarioResult, model: str, answers: list[dict[str, Any]]
) -> str:
    document = {
        "scenario": name,
        "model": model,
        "prompt": result.prompt,
        "recorded": datetime.now(ZoneInfo(TIMEZONE)).date().isoformat(),
        **({"problems": list(result.problems)} if result.problems else {}),
        "answers": answers,
    }
    return yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=98)


def _load_recording(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text("utf-8"))
        answers = document["answers"]
        is_valid = all(isinstance(each["after"], list) for each in answers) and document["model"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise InvalidInputError(f"{file} is not a recording: {error!r}") from None
    if not is_valid:
        raise InvalidInputError(
            f"{file} is not a recording: it needs model, and answers with after"
        )
    return dict(document)


def _plain_arguments(arguments: Mapping[str, Any] | str) -> Any:
    return arguments if isinstance(arguments, str) else dict(arguments)
