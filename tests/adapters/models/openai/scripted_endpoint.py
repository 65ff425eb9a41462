"""End points over real HTTP that refuse and answer as the servers do that there are.

Each dialect is a function of a request's body: what it refuses, in that server's own words and
shape, or None. The sentences stand in public issues of openai-python, vLLM, SGLang, TGI, Ollama,
LiteLLM, llama.cpp and in the issues of programs that met Gemini's, Mistral's and Anthropic's.
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

Body = dict[str, Any]
Refused = tuple[int, Any]
Dialect = Callable[[Body], Refused | None]

ALTERNATE = (
    "Conversation roles must alternate user/assistant/user/assistant/... "
    "Conversation roles must alternate user/assistant/user/assistant/..."
)


@dataclass
class ScriptedEndpoint:
    """A server of one dialect. ``answers`` are given in turn, the last one again and again."""

    dialect: Dialect = lambda body: None
    answers: list[Any] = field(default_factory=lambda: [build_text_response("Olá!")])
    requests: list[Body] = field(default_factory=list)
    """Bodies of all requests."""
    headers: list[dict[str, str]] = field(default_factory=list)
    taken: int = 0
    """Requests that were not refused."""
    server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/v1"

    async def open(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    def close(self) -> None:
        assert self.server is not None
        self.server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = (line.partition(":") for line in head.split("\r\n")[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in lines}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        self.requests.append(body)
        self.headers.append(headers)
        writer.write(self._answer(body))
        await writer.drain()
        writer.close()

    def _answer(self, body: Body) -> bytes:
        refused = find_request_error(body) or self.dialect(body)
        if refused is not None:
            return build_http_response(refused[0], json.dumps(refused[1]).encode())
        answer = self.answers[min(self.taken, len(self.answers) - 1)]
        self.taken += 1
        if isinstance(answer, list):
            pieces = [b"data: " + json.dumps(each).encode() + b"\n\n" for each in answer]
            return build_http_response(
                200, b"".join(pieces) + b"data: [DONE]\n\n", "text/event-stream"
            )
        return build_http_response(200, json.dumps(answer).encode())


def build_http_response(status: int, body: bytes, kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
    return f"{head}connection: close\r\n\r\n".encode() + body


def build_text_response(text: Any, finish: str | None = "stop", **more: Any) -> Body:
    message = {"role": "assistant", "content": text, **more}
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish}]}


def build_tool_call_response(
    *calls: Any, content: Any = None, finish: str | None = "tool_calls"
) -> Body:
    return build_text_response(content, finish, tool_calls=list(calls))


def build_tool_call(name: str, arguments: Any, id_: Any = "c1", **more: Any) -> Body:
    return {
        "id": id_,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
        **more,
    }


def build_stream_chunks(*deltas: Body, finish: str | None = "stop") -> list[Body]:
    found = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    return [*found, {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}]


def openai_error(message: str, param: str | None = None, code: str | None = None) -> Body:
    kind = "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def find_request_error(body: Body) -> Refused | None:
    """What all of them refuse: calls without results, results without calls, ids twice, arguments
    that are no object.
    """
    waiting: list[str] = []
    used: list[str] = []
    for at, message in enumerate(body["messages"]):
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                return 400, openai_error("messages with role 'tool' must be a response")
            waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            return 400, openai_error(f"tool_call_ids did not have responses before messages.[{at}]")
        for each in message.get("tool_calls") or []:
            waiting.append(each["id"])
            try:
                fits = isinstance(json.loads(each["function"]["arguments"]), dict)
            except ValueError:
                fits = False
            if not fits:
                return 400, openai_error("Expecting ',' delimiter: line 1 column 54 (char 53)")
            if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", each["function"]["name"]):
                return 400, openai_error("Invalid 'messages.tool_calls.function.name'")
        used += waiting
    if waiting or len(set(used)) < len(used):
        return 400, openai_error("tool_call_ids did not have response messages, or stand twice")
    return None


def list_roles(body: Body) -> list[str]:
    return [message["role"] for message in body["messages"]]


def alternates_roles(found: list[str]) -> bool:
    """user, assistant, user, … ; the model's turn is next."""
    return all(role == ("user", "assistant")[n % 2] for n, role in enumerate(found)) and (
        len(found) % 2 == 1
    )


def openai_now(body: Body) -> Refused | None:
    if "max_tokens" in body:
        return 400, openai_error(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead.",
            "max_tokens",
            "unsupported_parameter",
        )
    if body.get("temperature", 1) != 1:
        return 400, openai_error(
            "Unsupported value: 'temperature' does not support 0.2 with this model. Only the "
            "default (1) value is supported.",
            "temperature",
            "unsupported_value",
        )
    return None


def openai_unverified(body: Body) -> Refused | None:
    if body.get("stream"):
        return 400, openai_error(
            "Your organization must be verified to stream this model.",
            "stream",
            "unsupported_value",
        )
    return openai_now(body)


def openai_o1_mini(body: Body) -> Refused | None:
    if "parallel_tool_calls" in body:
        return 400, openai_error(
            "Unsupported parameter: 'parallel_tool_calls' is not supported with this model.",
            "parallel_tool_calls",
            "unsupported_parameter",
        )
    if "system" in list_roles(body):
        return 400, openai_error(
            "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
            "messages[0].role",
            "unsupported_value",
        )
    return openai_now(body)


def azure_former(body: Body) -> Refused | None:
    known = {"model", "messages", "max_tokens", "temperature", "tools", "stream"}
    for name in body:
        if name not in known:
            return 400, openai_error(f"Unrecognized request argument supplied: {name}")
    return None


def vllm_gemma(body: Body) -> Refused | None:
    rest = list_roles(body)
    rest = rest[1:] if rest[0] == "system" else rest
    if not alternates_roles(rest):
        return 400, {"error": {"message": ALTERNATE, "type": "BadRequestError", "code": 400}}
    return None


def vllm_gemma_2(body: Body) -> Refused | None:
    if "system" in list_roles(body):
        message = "System role not supported"
        return 400, {"object": "error", "message": message, "type": "BadRequestError", "code": 400}
    return vllm_gemma(body)


def vllm_mistral_first(body: Body) -> Refused | None:
    """Its template knows no system role and does not say so."""
    if not alternates_roles(list_roles(body)):
        return 400, {"object": "error", "message": ALTERNATE, "param": None, "code": None}
    return None


def mistral_order(found: list[str]) -> str:
    allowed = {
        "": ("system", "user"),
        "system": ("user",),
        "user": ("assistant",),
        "assistant": ("user", "tool"),
        "tool": ("tool", "assistant"),
    }
    last = ""
    for role in found:
        if role not in allowed[last]:
            return f"Unexpected role '{role}' after role '{last}'"
        last = role
    return "" if last in ("user", "tool") else "Expected last role User or Tool but got assistant"


def mistral(body: Body) -> Refused | None:
    for name in ("seed", "stream_options"):
        if name in body:
            wrong = {"type": "extra_forbidden", "loc": ["body", name], "input": body[name]}
            return 422, {"detail": [{**wrong, "msg": "Extra inputs are not permitted"}]}
    wrong_order = mistral_order(list_roles(body))
    if wrong_order:
        kind = "invalid_request_message_order"
        return 400, {"object": "error", "message": wrong_order, "type": kind, "code": "3230"}
    for each in body["messages"]:
        for made in each.get("tool_calls") or []:
            if not re.fullmatch("[a-zA-Z0-9]{9}", made["id"]):
                return 400, {
                    "object": "error",
                    "message": (
                        f"Tool call id was {made['id']} but must be a-z, A-Z, 0-9, with a length "
                        f"of 9."
                    ),
                }
    return None


def llama_cpp_qwen(body: Body) -> Refused | None:
    if "system" in list_roles(body)[1:]:
        return 500, {
            "error": {
                "code": 500,
                "type": "server_error",
                "message": (
                    "\n------------\nWhile executing CallExpression at line 85, column 32 in "
                    "source:\n"
                    "...first %}↵ {{- raise_exception('System message must be at the beginnin...\n"
                    "Error: Jinja Exception: System message must be at the beginning."
                ),
            }
        }
    return None


def llama_cpp_devstral(body: Body) -> Refused | None:
    found = [role for role in list_roles(body) if role != "tool"]
    found = found[1:] if found[0] == "system" else found
    plain = [each for each in body["messages"] if each["role"] in ("user", "assistant")]
    plain = [each for each in plain if not each.get("tool_calls")]
    beside = any(first["role"] == second["role"] for first, second in pairwise(plain))
    if beside or "system" in found:
        return 500, {
            "error": {
                "code": 500,
                "type": "server_error",
                "message": (
                    "After the optional system message, conversation roles must alternate user and "
                    "assistant roles except for tool calls and results. at row 189, column 164"
                ),
            }
        }
    return None


def tgi_llama_2(body: Body) -> Refused | None:
    if "tool" in list_roles(body) or any("tool_calls" in each for each in body["messages"]):
        message = "Template error: syntax error: Only user and assistant roles are supported!"
        return 422, {"error": message, "error_type": "template_error"}
    return vllm_gemma(body)


def litellm(body: Body) -> Refused | None:
    for name in ("seed", "parallel_tool_calls"):
        if name in body:
            return 400, {
                "error": {
                    "message": (
                        "litellm.UnsupportedParamsError: ollama does not support parameters: "
                        f"['{name}'], "
                        "for model=x. To drop these, set `litellm.drop_params=True`"
                    ),
                    "type": "None",
                    "param": "None",
                    "code": "400",
                }
            }
    return None


def gemini(body: Body) -> Refused | None:
    """Its errors lie in a list."""

    def refused(message: str) -> Refused:
        return 400, [{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}]

    if "parallel_tool_calls" in body:
        return refused('Invalid JSON payload received. Unknown name "parallel_tool_calls"')
    if "exclusiveMinimum" in json.dumps(body.get("tools", [])):
        return refused(
            'Invalid JSON payload received. Unknown name "exclusiveMinimum" at '
            "'tools[0].function_declarations[0].parameters': Cannot find field."
        )
    for each in body["messages"]:
        for made in each.get("tool_calls") or []:
            if not made.get("extra_content", {}).get("google", {}).get("thought_signature"):
                return refused(
                    "Function call is missing a thought_signature in functionCall parts. This is "
                    "required for tools to work correctly."
                )
        if each["role"] == "tool" and not each.get("name"):
            return refused(
                "GenerateContentRequest.contents[3].parts[0].function_response.name: "
                "Name cannot be empty."
            )
    return None


def anthropic(body: Body) -> Refused | None:
    if body.get("temperature", 0) > 1:
        return 400, openai_error("temperature: range: 0..1")
    if any(not each.get("content") and "tool_calls" not in each for each in body["messages"]):
        return 400, openai_error("messages.3: all messages must have non-empty content")
    if list_roles(body)[-1] == "assistant":
        return 400, openai_error(
            "This model does not support assistant message prefill. The conversation must end "
            "with a user message."
        )
    return None


def deepseek(body: Body) -> Refused | None:
    for each in body["messages"]:
        if each.get("tool_calls") and "reasoning_content" not in each:
            return 400, openai_error(
                "Missing `reasoning_content` field in the assistant message at message index 3."
            )
    return None


def null_content(body: Body) -> Refused | None:
    """Of templates that add texts without looking."""
    if any(each.get("content") is None for each in body["messages"]):
        return 400, {
            "object": "error",
            "message": ('can only concatenate str (not "NoneType") to str'),
            "type": "BadRequestError",
            "code": 400,
        }
    return None


def refuse_without_reason(body: Body) -> Refused | None:
    """Says only that something is wrong, and takes the plainest alone."""
    if vllm_gemma(body) or set(body) - {"model", "messages", "max_tokens", "tools", "stream"}:
        return 400, {"error": "Bad Request"}
    return None


def accept_any_form(body: Body) -> Refused | None:
    """OpenAI of before, Ollama: all that is valid."""
    return None


DIALECTS: tuple[Dialect, ...] = (
    accept_any_form,
    openai_now,
    openai_unverified,
    openai_o1_mini,
    azure_former,
    vllm_gemma,
    vllm_gemma_2,
    vllm_mistral_first,
    mistral,
    llama_cpp_qwen,
    llama_cpp_devstral,
    tgi_llama_2,
    litellm,
    gemini,
    anthropic,
    deepseek,
    null_content,
    refuse_without_reason,
)
