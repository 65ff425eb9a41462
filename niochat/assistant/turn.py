"""One turn of the assistant, bounded in steps, tokens and seconds; it always ends in a report."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import structlog

from niochat.adapters.models.openai.model_client import ModelClient, ModelCompletion, ModelError
from niochat.assistant import customer_recognition
from niochat.assistant.guardrail import correction_prompt, promise_check
from niochat.assistant.guardrail.fallback.fallback_replies import (
    fallback_reply_or_question,
    find_fallback_reply,
    is_fallback_question,
)
from niochat.assistant.guardrail.output_guardrail import GuardrailViolation, find_violation
from niochat.assistant.handoff import after_hours_notice
from niochat.assistant.handoff.escalation import EscalationReason, detect_escalation
from niochat.assistant.handoff.handoff_messages import (
    build_escalation_handoff,
    find_department,
    format_handoff_notice,
    format_handoff_summary,
)
from niochat.assistant.handoff.loop_detection import find_loop_handoff
from niochat.assistant.model_session import ModelSession
from niochat.assistant.prompt.provider_prompt import format_provider_facts
from niochat.assistant.prompt.state_prompt import STATE_NOTE_NAME as SITUATION
from niochat.assistant.prompt.state_prompt import format_state
from niochat.assistant.prompt.system_prompt import SystemPrompt, build_system_prompt
from niochat.assistant.prompt.transcript import build_system_note, to_chat_messages
from niochat.assistant.retry import RETRY_FOR_S, retry_until
from niochat.assistant.settings import AssistantSettings, CapabilitiesLoader, SettingsLoader
from niochat.assistant.text.chat_text import (
    drop_incomplete_sentence,
    is_incomplete,
    split_into_messages,
    strip_model_markup,
    to_chat_text,
)
from niochat.assistant.toolbox import Toolbox, ToolExecutionError
from niochat.assistant.tools.intent_tools import NOTE_INTENT
from niochat.assistant.turn_context import Department, ToolResult, TurnContext
from niochat.assistant.turn_messages import TurnReport, TurnRequest
from niochat.assistant.turn_store import RejectedReply, TurnStore
from niochat.domain.conversation.commands import FinishAssistantTurn, HandoffRequest, TurnOutcome
from niochat.domain.errors import NiochatError
from niochat.domain.ids import TurnId
from niochat.domain.message import MessageContent, MessageKind
from niochat.domain.tenant.change_requests import parse_change_request_rules
from niochat.domain.text_validation import to_storable_text
from niochat.ports.erp import TenantErpClient

_log = structlog.get_logger(__name__)

MAX_MESSAGES = 3
"""The maximum number of messages of one answer; a longer answer is rejected."""
MAX_REJECTED_REPLIES = 2
"""The number of rejected texts after which the server writes the reply itself."""
MAX_CALLS_PER_STEP = 4
"""The maximum number of tool calls in one step; further calls are not run."""
_ERP_UNAVAILABLE_TEXT = "Não consegui consultar o sistema do provedor agora."


DraftListener = Callable[[TurnRequest, str], None]
"""Receives the model's text while it is streamed. The text is unchecked and for agents only."""
ToolListener = Callable[[TurnRequest, str, bool], None]
"""Receives the name of a tool when it starts (true) and when it ends (false)."""


class TurnRunner:
    """Runs turns of any tenant, each with that tenant's database role and settings."""

    def __init__(
        self,
        store: TurnStore,
        models: ModelClient,
        erp: TenantErpClient,
        load_settings: SettingsLoader,
        load_capabilities: CapabilitiesLoader,
        *,
        retry_for_s: float = RETRY_FOR_S,
        model_timeout_s: float | None = None,
        on_draft: DraftListener = lambda request, text: None,
        on_tool: ToolListener = lambda request, tool, running: None,
    ) -> None:
        """``model_timeout_s``: seconds for the model, in place of the tenant's ``max_seconds``."""
        self._store = store
        self._models = models
        self._erp = erp
        self._load_settings = load_settings
        self._load_capabilities = load_capabilities
        self._retry_for_s = retry_for_s
        self._model_timeout_s = model_timeout_s
        self._on_draft = on_draft
        self._on_tool = on_tool

    async def run(self, request: TurnRequest) -> TurnReport:
        """Run a turn and return its report; a failure is reported too, with an error code."""
        failed = FinishAssistantTurn(
            TurnId(request.turn_id), request.attempt, TurnOutcome.FAILED, code="model_failed"
        )
        try:
            return await self._run(request, failed)
        except NiochatError as error:
            _log.warning("turn_failed", turn=str(request.turn_id), code=error.code)
            finish = replace(failed, code=error.code, detail=_format_error_detail(error))
            return TurnReport(finish, getattr(error, "retry_after_s", 0.0))
        except Exception as error:  # noqa: BLE001 - a second run would raise it again
            _log.error("turn_failed", turn=str(request.turn_id), exc_info=error)
            return TurnReport(replace(failed, detail=type(error).__name__))

    async def _run(self, request: TurnRequest, failed: FinishAssistantTurn) -> TurnReport:
        # One deadline for all reads, because the scheduler does not wait forever for the turn.
        deadline = time.monotonic() + self._retry_for_s
        snapshot = await retry_until(lambda: self._store.load_snapshot(request), deadline)
        if snapshot is None:
            return TurnReport(replace(failed, code="turn_not_current"))
        settings = await retry_until(lambda: self._load_settings(request.tenant_id), deadline)
        capabilities = await retry_until(
            lambda: self._load_capabilities(request.tenant_id), deadline
        )
        rules = parse_change_request_rules(settings.requests)
        context = TurnContext(
            snapshot, self._store, self._erp, capabilities, self._retry_for_s, settings.facts, rules
        )
        context.on_tool = partial(self._on_tool, request)
        await customer_recognition.recognize_customer(context)
        loop_handoff = await find_loop_handoff(context)
        if loop_handoff is not None:
            return TurnReport(_finish_handed_off(failed, context, *loop_handoff))

        def on_text(text: str) -> None:
            self._on_draft(request, strip_model_markup(text))

        execution = _TurnExecution(context, self._models, settings, failed, on_text)
        execution.set_model_timeout(self._model_timeout_s)
        return await execution.execute()


class _TurnExecution:
    """The loop of one turn: requests to the model, tool calls and the guardrail."""

    def __init__(
        self,
        context: TurnContext,
        models: ModelClient,
        settings: AssistantSettings,
        failed: FinishAssistantTurn,
        on_text: Callable[[str], None],
    ) -> None:
        snapshot = context.snapshot
        self._context = context
        self._failed_command = failed
        provider_facts = format_provider_facts(settings.facts, snapshot.policy)
        self._prompt: SystemPrompt = build_system_prompt(settings.persona, provider_facts)
        self._toolbox = Toolbox(context)
        self._max_steps = settings.max_steps
        self._max_tokens = settings.max_tokens
        self._violation_codes: list[str] = []
        self._session = ModelSession(
            models,
            settings,
            [
                {"role": "system", "content": self._prompt.text},
                *to_chat_messages(snapshot.transcript),
                build_system_note(SITUATION, format_state(context)),
            ],
            self._toolbox.function_schemas(),
            on_text,
        )

    def set_model_timeout(self, timeout_s: float | None) -> None:
        """Set another time limit for the model than the tenant's; ``None``: keep the tenant's."""
        if timeout_s is not None:
            self._session.deadline = time.monotonic() + timeout_s

    async def execute(self) -> TurnReport:
        """Run the turn and return its report, whatever fails."""
        violation_codes = self._violation_codes
        try:
            await self._resume_finished_calls()
            return TurnReport(await self._generate_reply(), violation_codes=violation_codes)
        except ModelError as error:
            finish = self._finish_without_model(error)
            return TurnReport(finish, error.retry_after_s, violation_codes=violation_codes)
        except ToolExecutionError as error:
            return TurnReport(self._finish_without_erp(error), violation_codes=violation_codes)

    async def _resume_finished_calls(self) -> None:
        """Continue from the calls of an interrupted run."""
        finished = await self._toolbox.restore_finished_calls()
        if finished:
            self._session.add_tool_results(
                "", [(call, _to_json(result)) for call, result in finished]
            )

    async def _generate_reply(self) -> FinishAssistantTurn:
        """Return the checked reply. Raises ``ModelError`` or ``ToolExecutionError``."""
        violation, text = None, ""
        for _ in range(self._max_steps):
            completion = await self._session.request_completion()
            if completion.calls:
                await self._run_tool_calls(completion)
                if self._context.final_text:
                    return self._finish_answered(self._context.final_text)
                continue
            text = to_chat_text(completion.text)
            violation = self._find_violation(text, completion)
            if violation is None:
                return self._finish_answered(text)
            await self._save_rejected_reply(violation, completion.text)
            if len(self._violation_codes) >= MAX_REJECTED_REPLIES:
                break
            correction = correction_prompt.format_correction(violation.code, violation.sentence)
            self._session.add_correction(completion.text, correction)
        if violation is not None:
            return self._replace_rejected_reply(violation, text)
        raise ModelError(
            f"no answer after {self._max_steps} steps", code="model_loop", retryable=False
        )

    def _find_violation(self, text: str, completion: ModelCompletion) -> GuardrailViolation | None:
        """The reason for which the text must not be sent, or ``None``."""
        if not text:
            return GuardrailViolation(correction_prompt.EMPTY_TEXT, completion.text)
        if self._hit_token_limit(completion) and is_incomplete(text):
            return GuardrailViolation(correction_prompt.TRUNCATED_TEXT, text[-200:])
        if len(split_into_messages(text)) > MAX_MESSAGES:
            return GuardrailViolation(correction_prompt.TOO_LONG_TEXT, text[:200])
        violation = self._find_untrue_statement(text)
        if violation is not None:
            return violation
        promise = promise_check.find_empty_promise(text, self._context)
        return GuardrailViolation(*promise) if promise else None

    def _hit_token_limit(self, completion: ModelCompletion) -> bool:
        return completion.finish == "length" or completion.tokens_out >= self._max_tokens

    async def _save_rejected_reply(self, violation: GuardrailViolation, text: str) -> None:
        """Count the rejected text and store it for the tuning of the prompt."""
        self._violation_codes.append(violation.code)
        _log.warning("text_refused", turn=str(self._failed_command.turn), code=violation.code)
        model, version = self._session.model, self._prompt.version
        count = len(self._violation_codes)
        await self._context.save_rejected_reply(
            RejectedReply(count, violation.code, violation.sentence, text, model, version)
        )

    def _replace_rejected_reply(
        self, violation: GuardrailViolation, text: str
    ) -> FinishAssistantTurn:
        """Send a fallback reply; hand off if the last reply already was a fallback question."""
        context, code = self._context, violation.code
        shorter = drop_incomplete_sentence(text)
        if code == correction_prompt.TOO_LONG_TEXT and self._is_allowed(text):
            return self._finish_answered(text)
        if code == correction_prompt.TRUNCATED_TEXT and shorter and self._is_allowed(shorter):
            return self._finish_with_fallback(shorter)
        reason = detect_escalation(context.snapshot.unanswered_texts)
        if code != promise_check.TRANSFER_PROMISE and reason is None:
            found = find_fallback_reply(context)
            if found or not is_fallback_question(context.snapshot.last_provider_text):
                return self._finish_with_fallback(found or fallback_reply_or_question(context))
        if context.handoff is None:
            note = format_handoff_summary(
                context, "O assistente não conseguiu responder com certeza."
            )
            context.hand_off(
                find_department(context), (reason or EscalationReason.OTHER).value, note
            )
        assert context.handoff is not None
        return self._finish_with_fallback(
            format_handoff_notice(context, context.handoff.team, context.fallback_text)
        )

    def _finish_with_fallback(self, text: str) -> FinishAssistantTurn:
        detail = f"the guardrail rejected the replies: {', '.join(self._violation_codes)}"
        return self._finish_answered(text, code="model_untrue", detail=detail)

    def _is_allowed(self, text: str) -> bool:
        return not self._find_untrue_statement(text) and not promise_check.find_empty_promise(
            text, self._context
        )

    def _find_untrue_statement(self, text: str) -> GuardrailViolation | None:
        prompt = self._prompt
        return find_violation(
            text, self._context, prompt.persona_text, prompt.rules, any_language=prompt.any_language
        )

    async def _run_tool_calls(self, completion: ModelCompletion) -> None:
        results = []
        for call in completion.calls[:MAX_CALLS_PER_STEP]:
            if call.name != NOTE_INTENT.name:
                self._context.final_text = ""  # the reply must report the last action too
            result = await self._session.run_untimed(self._toolbox.call_tool(call))
            results.append((call, _to_json(result)))
            if self._context.final_text and self._context.handoff is not None:
                break
        self._session.add_tool_results(completion.text, results)

    def _finish_answered(self, text: str, code: str = "", detail: str = "") -> FinishAssistantTurn:
        context = self._context
        text = after_hours_notice.append_opening_notice(context, text)
        parts = split_into_messages(context.snapshot.with_protocol(text))
        messages = [MessageContent(MessageKind.TEXT, part) for part in parts]
        return replace(
            self._finish_with_usage(),
            outcome=TurnOutcome.ANSWERED,
            replies=(*messages, *context.trailing_contents),
            handoff=context.handoff,
            close=context.closing_quote,
            code=code,
            detail=detail,
        )

    def _finish_without_model(self, error: ModelError) -> FinishAssistantTurn:
        """Report what tools did; without a report, hand off with the tenant's fixed text."""
        context, detail = self._context, _format_error_detail(error)
        _log.warning(
            "turn_without_model",
            turn=str(self._failed_command.turn),
            code=error.code,
            detail=detail,
        )
        if context.fallback_text:
            return self._finish_answered(context.fallback_text, error.code, detail)
        reason = detect_escalation(context.snapshot.unanswered_texts)
        if reason is not None:
            return self._finish_escalated(reason, error)
        note = format_handoff_summary(context, "O assistente parou: o modelo de linguagem falhou.")
        team = context.team_for_department(find_department(context))
        handoff = HandoffRequest(team, error.code, note)
        return replace(self._finish_with_usage(), code=error.code, detail=detail, handoff=handoff)

    def _finish_escalated(self, reason: EscalationReason, error: ModelError) -> FinishAssistantTurn:
        """Hand off by an escalation pattern, because no model answered."""
        handoff = build_escalation_handoff(self._context, reason)
        detail = _format_error_detail(error)
        finish = replace(self._finish_with_usage(), code=error.code, detail=detail)
        notice = format_handoff_notice(self._context, handoff.team)
        return _finish_handed_off(finish, self._context, handoff, notice)

    def _finish_without_erp(self, error: ToolExecutionError) -> FinishAssistantTurn:
        """Report the ERP failure to the customer, and hand off to the right team."""
        context = self._context
        _log.warning("turn_without_erp", turn=str(self._failed_command.turn), code=error.code)
        department = (
            Department(error.tool.department) if error.tool.department else context.department
        )
        head = f"O sistema do provedor falhou em {error.tool.name} ({error.code})."
        team = context.team_for_department(department)
        handoff = HandoffRequest(team, error.code, format_handoff_summary(context, head))
        notice = format_handoff_notice(
            context, handoff.team, f"{context.fallback_text} {_ERP_UNAVAILABLE_TEXT}".strip()
        )
        detail = _format_error_detail(error)
        finish = replace(self._finish_with_usage(), code=error.code, detail=detail)
        return _finish_handed_off(finish, context, handoff, notice)

    def _finish_with_usage(self) -> FinishAssistantTurn:
        session = self._session
        return replace(
            self._failed_command,
            code="",
            model=session.model,
            prompt_version=self._prompt.version,
            tokens_in=session.tokens_in,
            tokens_out=session.tokens_out,
            tokens_cached=session.tokens_cached,
            model_calls=session.call_count,
            cost=session.cost,
        )


def _finish_handed_off(
    finish: FinishAssistantTurn, context: TurnContext, handoff: HandoffRequest, text: str
) -> FinishAssistantTurn:
    """Finish with a handoff; messages that tools prepared (a code, a file) are still sent."""
    code = finish.code if finish.code != "model_failed" else ""
    return replace(
        finish,
        outcome=TurnOutcome.ANSWERED,
        code=code,
        replies=(MessageContent(MessageKind.TEXT, text), *context.trailing_contents),
        handoff=handoff,
    )


def _to_json(result: ToolResult) -> str:
    return json.dumps(result, ensure_ascii=False, default=str)


def _format_error_detail(error: NiochatError) -> str:
    return to_storable_text(str(error))[:500]
