"""A program, or a person with an editor, answers as the model by two files per request."""

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
    """``<folder>/<conversation>/request-7.json`` waits for ``answer-7.json`` in the same folder.

    Files are written atomically. The problems of an invalid answer are in ``error-7.json``; the
    answer is moved to ``rejected-7-1.json`` and can be written again.
    """

    def __init__(self, folder: Path, model: str, *, poll_s: float = _POLL_S) -> None:
        self._folder = folder
        self._model = model
        self._poll_s = poll_s

    async def answer(self, request: ModelRequest) -> ModelAnswer:
        """Wait for the answer, without a time limit."""
        folder = self._folder / request.conversation
        folder.mkdir(parents=True, exist_ok=True)
        id_ = f"{request.conversation}-{request.number}-{token_hex(3)}"
        write_atomically(folder / f"request-{request.number}.json", _format_request(request, id_))
        file = folder / f"answer-{request.number}.json"
        tries = 0
        while True:
            if not file.exists():
                await asyncio.sleep(self._poll_s)
                continue
            try:
                found = parse_model_answer(_read_json(file), request, id_)
            except InvalidAnswerError as error:
                tries += 1
                file.replace(folder / f"rejected-{request.number}-{tries}.json")
                content = {"id": id_, "problems": error.problems, "try": tries}
                write_atomically(folder / f"error-{request.number}.json", content)
                continue
            (folder / f"error-{request.number}.json").unlink(missing_ok=True)
            return ModelAnswer(found.text, found.calls, self._model)

    def on_started(self, session: ScenarioSession) -> None:
        """Delete the files of an earlier conversation with the same name."""
        for folder in self._folder.glob(f"{session.scenario.name}*"):
            if folder.name.partition(".")[0] == session.scenario.name:
                for file in [each for pattern in _FILE_PATTERN for each in folder.glob(pattern)]:
                    file.unlink()

    def on_finished(self, result: ScenarioResult) -> ScenarioResult:
        """Write the result of the conversation."""
        folder = self._folder / result.name
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "result.json", result.as_dict())
        return result


def write_atomically(file: Path, content: object) -> None:
    """Write a file atomically."""
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    temporary = file.with_name(f".{file.name}.{token_hex(4)}")
    temporary.write_text(text, "utf-8")
    os.replace(temporary, file)


def _format_request(request: ModelRequest, id_: str) -> dict[str, Any]:
    return {
        "id": id_,
        "scenario": request.conversation,
        "number": request.number,
        "new": request.new_texts(),
        "messages": list(request.messages),
        "tools": list(request.tools),
    }


def _read_json(file: Path) -> object:
    try:
        return json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise InvalidAnswerError([f"the answer is not valid JSON: {error}"]) from None
