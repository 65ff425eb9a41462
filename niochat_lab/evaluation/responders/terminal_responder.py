"""A person answers as the model in the terminal, one request at a time."""

import asyncio
import json
from collections.abc import Callable

from rich.console import Console
from rich.markup import escape

from niochat_lab.evaluation.responders.model_answer import (
    InvalidAnswerError,
    ModelAnswer,
    parse_model_answer,
)
from niochat_lab.evaluation.responders.model_request import ModelRequest

_HELP = (
    "Write the text, or a line /tool_name {json} for each call; an empty line ends the answer. "
    "/? shows the whole request."
)


class TerminalResponder:
    """``read`` returns the next line that was typed."""

    def __init__(
        self, model: str, *, read: Callable[[], str] = input, console: Console | None = None
    ) -> None:
        self._model = model
        self._read = read
        self._console = console or Console(stderr=True)
        self._lock = asyncio.Lock()

    async def answer(self, asked: ModelRequest) -> ModelAnswer:
        """Asks until the answer can be passed on."""
        async with self._lock:
            self._print_request(asked)
            while True:
                try:
                    told = await asyncio.to_thread(self._read_answer, asked)
                    found = parse_model_answer(told, asked, "typed")
                except InvalidAnswerError as wrong:
                    for problem in wrong.problems:
                        self._console.print(f"[red]{escape(problem)}[/red]")
                    continue
                return ModelAnswer(found.text, found.calls, self._model)

    def _print_request(self, asked: ModelRequest) -> None:
        self._console.rule(f"{asked.conversation}, request {asked.number}")
        for each in asked.new_texts():
            self._console.print(f"[bold]{each['from']}[/bold]: {escape(each['text'])}")
        names = ", ".join(str(tool["name"]) for tool in asked.tools)
        self._console.print(f"[dim]Tools: {names}\n{_HELP}[/dim]")

    def _read_answer(self, asked: ModelRequest) -> dict[str, object]:
        text: list[str] = []
        calls: list[dict[str, object]] = []
        while line := self._read().rstrip():
            if line == "/?":
                self._console.print_json(json.dumps(asked.body, ensure_ascii=False))
            elif line.startswith("/"):
                name, _, arguments = line[1:].partition(" ")
                try:
                    calls.append({"name": name, "arguments": json.loads(arguments or "{}")})
                except ValueError as error:
                    raise InvalidAnswerError(
                        [f"the arguments of {name} are no JSON: {error}"]
                    ) from None
            else:
                text.append(line)
        return {"id": "typed", "text": "\n".join(text), "calls": calls}
