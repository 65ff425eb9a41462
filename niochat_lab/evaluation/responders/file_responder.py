"""A program, or a person with an editor, answers as the model by two files for each request."""

import asyncio
import json
import os
from pathlib import Path
from secrets import token_hex
from typing import Any

from niochat_lab.evaluation.evaluation_results import ScenarioResult
from niochat_lab.evaluation.responders.model_answer import (
    InvalidAnswerError,
    ModelAnswer,
    parse_model_answer,
)
from niochat_lab.evaluation.responders.model_request import ModelRequest
from niochat_lab.evaluation.scenario_session import ScenarioSession

_POLL_S = 0.2
_FILE_PATTERN = (
    "request-*.json",
    "answer-*.json",
    "error-*.json",
    "rejected-*.json",
    "result.json",
)


class FileResponder:
    """``<folder>/<conversation>/request-7.json`` waits for ``answer-7.json`` beside it.

    A file appears whole or not at all; what was wrong with an answer stands in ``error-7.json``,
    and the answer, moved to ``rejected-7-1.json``, can be written again.
    """

    def __init__(self, folder: Path, model: str, *, look_s: float = _POLL_S) -> None:
        self._folder = folder
        self._model = model
        self._look_s = look_s

    async def answer(self, asked: ModelRequest) -> ModelAnswer:
        """Waits as long as it takes."""
        folder = self._folder / asked.conversation
        folder.mkdir(parents=True, exist_ok=True)
        id_ = f"{asked.conversation}-{asked.number}-{token_hex(3)}"
        write_atomically(folder / f"request-{asked.number}.json", _format_request(asked, id_))
        file = folder / f"answer-{asked.number}.json"
        tries = 0
        while True:
            if not file.exists():
                await asyncio.sleep(self._look_s)
                continue
            try:
                found = parse_model_answer(_read_json(file), asked, id_)
            except InvalidAnswerError as wrong:
                tries += 1
                file.replace(folder / f"rejected-{asked.number}-{tries}.json")
                told = {"id": id_, "problems": wrong.problems, "try": tries}
                write_atomically(folder / f"error-{asked.number}.json", told)
                continue
            (folder / f"error-{asked.number}.json").unlink(missing_ok=True)
            return ModelAnswer(found.text, found.calls, self._model)

    def on_started(self, stage: ScenarioSession) -> None:
        """What an earlier conversation of the name left would be taken for this one's."""
        for folder in self._folder.glob(f"{stage.scenario.name}*"):
            if folder.name.partition(".")[0] == stage.scenario.name:
                for file in [each for pattern in _FILE_PATTERN for each in folder.glob(pattern)]:
                    file.unlink()

    def on_finished(self, result: ScenarioResult) -> ScenarioResult:
        """What came of a conversation, for who answered in it."""
        folder = self._folder / result.name
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "result.json", result.as_dict())
        return result


def write_atomically(file: Path, told: object) -> None:
    """Whoever looks sees the whole file, or none."""
    text = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    fresh = file.with_name(f".{file.name}.{token_hex(4)}")
    fresh.write_text(text, "utf-8")
    os.replace(fresh, file)


def _format_request(asked: ModelRequest, id_: str) -> dict[str, Any]:
    return {
        "id": id_,
        "scenario": asked.conversation,
        "number": asked.number,
        "new": asked.new_texts(),
        "messages": list(asked.messages),
        "tools": list(asked.tools),
    }


def _read_json(file: Path) -> object:
    try:
        return json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise InvalidAnswerError([f"the answer is no JSON: {error}"]) from None
