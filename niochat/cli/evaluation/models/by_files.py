"""A program, or a person with an editor, answers as the model by two files for each request."""

import asyncio
import json
import os
from pathlib import Path
from secrets import token_hex
from typing import Any

from niochat.cli.evaluation.models.answers import Answer, BadAnswer, read_answer
from niochat.cli.evaluation.models.asked import Asked
from niochat.cli.evaluation.results import Result
from niochat.cli.evaluation.stage import Stage

_LOOK_S = 0.2
_OURS = ("request-*.json", "answer-*.json", "error-*.json", "rejected-*.json", "result.json")


class ByFiles:
    """``<folder>/<conversation>/request-7.json`` waits for ``answer-7.json`` beside it.

    A file appears whole or not at all; what was wrong with an answer stands in ``error-7.json``,
    and the answer, moved to ``rejected-7-1.json``, can be written again.
    """

    def __init__(self, folder: Path, model: str, *, look_s: float = _LOOK_S) -> None:
        self._folder = folder
        self._model = model
        self._look_s = look_s

    async def answer(self, asked: Asked) -> Answer:
        """Waits as long as it takes."""
        folder = self._folder / asked.conversation
        folder.mkdir(parents=True, exist_ok=True)
        id_ = f"{asked.conversation}-{asked.number}-{token_hex(3)}"
        write_whole(folder / f"request-{asked.number}.json", _request(asked, id_))
        file = folder / f"answer-{asked.number}.json"
        tries = 0
        while True:
            if not file.exists():
                await asyncio.sleep(self._look_s)
                continue
            try:
                found = read_answer(_read(file), asked, id_)
            except BadAnswer as wrong:
                tries += 1
                file.replace(folder / f"rejected-{asked.number}-{tries}.json")
                told = {"id": id_, "problems": wrong.problems, "try": tries}
                write_whole(folder / f"error-{asked.number}.json", told)
                continue
            (folder / f"error-{asked.number}.json").unlink(missing_ok=True)
            return Answer(found.text, found.calls, self._model)

    def began(self, stage: Stage) -> None:
        """What an earlier conversation of the name left would be taken for this one's."""
        for folder in self._folder.glob(f"{stage.scenario.name}*"):
            if folder.name.partition(".")[0] == stage.scenario.name:
                for file in [each for pattern in _OURS for each in folder.glob(pattern)]:
                    file.unlink()

    def ended(self, result: Result) -> Result:
        """What came of a conversation, for who answered in it."""
        folder = self._folder / result.name
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "result.json", result.as_dict())
        return result


def write_whole(file: Path, told: object) -> None:
    """Whoever looks sees the whole file, or none."""
    text = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    fresh = file.with_name(f".{file.name}.{token_hex(4)}")
    fresh.write_text(text, "utf-8")
    os.replace(fresh, file)


def _request(asked: Asked, id_: str) -> dict[str, Any]:
    return {
        "id": id_,
        "scenario": asked.conversation,
        "number": asked.number,
        "new": asked.told(),
        "messages": list(asked.messages),
        "tools": list(asked.tools),
    }


def _read(file: Path) -> object:
    try:
        return json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise BadAnswer([f"the answer is no JSON: {error}"]) from None
