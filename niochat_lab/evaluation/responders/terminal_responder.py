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
    """``read`` returns the next typed line."""

    def __init__(
        self, model: str, *, read: Callable[[], str] = input, console: Console | None = None
    ) -> None:
        self._model = model
        self._read = read
        self._console = console or Console(stderr=True)
        self._lock = asyncio.Lock()

    async def answer(self, request: ModelRequest) -> ModelAnswer:
        """Ask until the answer is valid."""
        async with self._lock:
            self._print_request(request)
            while True:
                try:
                    typed = await asyncio.to_thread(self._read_answer, request)
                    found = parse_model_answer(typed, request, "typed")
                except InvalidAnswerError as error:
                    for problem in error.problems:
                        self._console.print(f"[red]{escape(problem)}[/red]")
                    continue
                return ModelAnswer(found.text, found.calls, self._model)

    def _print_request(self, request: ModelRequest) -> None:
        self._console.rule(f"{request.conversation}, request {request.number}")
        for each in request.new_texts():
            self._console.print(f"[bold]{each['from']}[/bold]: {escape(each['text'])}")
        names = ", ".join(str(tool["name"]) for tool in request.tools)
        self._console.print(f"[dim]Tools: {names}\n{_HELP}[/dim]")

    def _read_answer(self, request: ModelRequest) -> dict[str, object]:
        text: list[str] = []
        calls: list[dict[str, object]] = []
        while line := self._read().rstrip():
            if line == "/?":
                self._console.print_json(json.dumps(request.body, ensure_ascii=False))
            elif line.startswith("/"):
                name, _, arguments = line[1:].partition(" ")
                try:
                    calls.append({"name": name, "arguments": json.loads(arguments or "{}")})
                except ValueError as error:
                    raise InvalidAnswerError(
                        [f"the arguments of {name} are not valid JSON: {error}"]
                    ) from None
            else:
                text.append(line)
        return {"id": "typed", "text": "\n".join(text), "calls": calls}
