"""One run of the assistant: bounded in steps, tokens and seconds; it always ends in a report."""

import json
import time
from collections.abc import Callable
from dataclasses import replace

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
"""Of one answer; a longer one is to be said shorter."""
MAX_REJECTED_REPLIES = 2
"""Texts of one turn that do not leave; then the server speaks itself."""
MAX_CALLS_PER_STEP = 4
"""Tools that a model may want in one step; further ones are not run."""
_ERP_UNAVAILABLE_TEXT = "Não consegui consultar o sistema do provedor agora."


DraftListener = Callable[[TurnRequest, str], None]
"""Told what a turn is about to say while it comes: unchecked, for people of the provider only."""


class TurnRunner:
    """Runs turns of any tenant, each with that tenant's role and settings."""

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
    ) -> None:
        """``model_timeout_s``: of one turn, in place of the tenant's ``max_seconds``."""
        self._store = store
        self._models = models
        self._erp = erp
        self._load_settings = load_settings
        self._load_capabilities = load_capabilities
        self._retry_for_s = retry_for_s
        self._model_timeout_s = model_timeout_s
        self._on_draft = on_draft

    async def run(self, request: TurnRequest) -> TurnReport:
        """The turn's report; a failure is one too, with a code that an operator understands."""
        failed = FinishAssistantTurn(
            TurnId(request.turn_id), request.attempt, TurnOutcome.FAILED, code="model_failed"
        )
        try:
            return await self._run(request, failed)
        except NiochatError as error:
            _log.warning("turn_failed", turn=str(request.turn_id), code=error.code)
            finish = replace(failed, code=error.code, detail=_format_error_detail(error))
            return TurnReport(finish, getattr(error, "retry_after_s", 0.0))
        except Exception as error:  # noqa: BLE001 - run again, it would raise again
            _log.error("turn_failed", turn=str(request.turn_id), exc_info=error)
            return TurnReport(replace(failed, detail=type(error).__name__))

    async def _run(self, request: TurnRequest, failed: FinishAssistantTurn) -> TurnReport:
        # One deadline for all of it: whoever watches the turn is not patient for ever.
        deadline = time.monotonic() + self._retry_for_s
        visit = await retry_until(lambda: self._store.load_snapshot(request), deadline)
        if visit is None:
            return TurnReport(replace(failed, code="turn_not_current"))
        settings = await retry_until(lambda: self._load_settings(request.tenant_id), deadline)
        capable = await retry_until(lambda: self._load_capabilities(request.tenant_id), deadline)
        back = self._retry_for_s
        rules = parse_change_request_rules(settings.requests)
        case = TurnContext(visit, self._store, self._erp, capable, back, settings.facts, rules)
        await customer_recognition.recognize_customer(case)
        braked = await find_loop_handoff(case)
        if braked is not None:
            return TurnReport(_finish_handed_off(failed, case, *braked))

        def wrote(text: str) -> None:
            self._on_draft(request, strip_model_markup(text))

        run = _TurnExecution(case, self._models, settings, failed, wrote)
        run.set_model_timeout(self._model_timeout_s)
        return await run.execute()


class _TurnExecution:
    """The loop of one turn: model, tools, and the guard at its end."""

    def __init__(
        self,
        context: TurnContext,
        models: ModelClient,
        settings: AssistantSettings,
        failed: FinishAssistantTurn,
        wrote: Callable[[str], None],
    ) -> None:
        visit = context.snapshot
        self._context = context
        self._failed_command = failed
        told = format_provider_facts(settings.facts, visit.policy)
        self._prompt: SystemPrompt = build_system_prompt(settings.persona, told)
        self._toolbox = Toolbox(context)
        self._max_steps = settings.max_steps
        self._max_tokens = settings.max_tokens
        self._violation_codes: list[str] = []
        self._session = ModelSession(
            models,
            settings,
            [
                {"role": "system", "content": self._prompt.text},
                *to_chat_messages(visit.transcript),
                build_system_note(SITUATION, format_state(context)),
            ],
            self._toolbox.function_schemas(),
            wrote,
        )

    def set_model_timeout(self, model_within_s: float | None) -> None:
        """Another bound for the model than the tenant's."""
        if model_within_s is not None:
            self._session.deadline = time.monotonic() + model_within_s

    async def execute(self) -> TurnReport:
        """How the turn ended, whatever failed in it."""
        refused = self._violation_codes
        try:
            await self._resume_finished_calls()
            return TurnReport(await self._generate_reply(), violation_codes=refused)
        except ModelError as error:
            finish = self._finish_without_model(error)
            return TurnReport(finish, error.retry_after_s, violation_codes=refused)
        except ToolExecutionError as error:
            return TurnReport(self._finish_without_erp(error), violation_codes=refused)

    async def _resume_finished_calls(self) -> None:
        """From where an earlier run was cut off."""
        finished = await self._toolbox.restore_finished_calls()
        if finished:
            self._session.add_tool_results(
                "", [(call, _to_json(result)) for call, result in finished]
            )

    async def _generate_reply(self) -> FinishAssistantTurn:
        """What is to be said, looked at by the guard. Raises ``ModelError``,
        ``ToolExecutionError``.
        """
        wrong, text = None, ""
        for _ in range(self._max_steps):
            completion = await self._session.request_completion()
            if completion.calls:
                await self._run_tool_calls(completion)
                if self._context.final_text:
                    return self._finish_answered(self._context.final_text)
                continue
            text = to_chat_text(completion.text)
            wrong = self._find_violation(text, completion)
            if wrong is None:
                return self._finish_answered(text)
            await self._save_rejected_reply(wrong, completion.text)
            if len(self._violation_codes) >= MAX_REJECTED_REPLIES:
                break
            why = correction_prompt.format_correction(wrong.code, wrong.sentence)
            self._session.add_correction(completion.text, why)
        if wrong is not None:
            return self._replace_rejected_reply(wrong, text)
        raise ModelError(
            f"no answer after {self._max_steps} steps", code="model_loop", retryable=False
        )

    def _find_violation(self, text: str, completion: ModelCompletion) -> GuardrailViolation | None:
        """Why the text must not leave."""
        if not text:
            return GuardrailViolation(correction_prompt.EMPTY_TEXT, completion.text)
        if self._hit_token_limit(completion) and is_incomplete(text):
            return GuardrailViolation(correction_prompt.TRUNCATED_TEXT, text[-200:])
        if len(split_into_messages(text)) > MAX_MESSAGES:
            return GuardrailViolation(correction_prompt.TOO_LONG_TEXT, text[:200])
        found = self._find_untrue_statement(text)
        if found is not None:
            return found
        announced = promise_check.find_empty_promise(text, self._context)
        return GuardrailViolation(*announced) if announced else None

    def _hit_token_limit(self, completion: ModelCompletion) -> bool:
        return completion.finish == "length" or completion.tokens_out >= self._max_tokens

    async def _save_rejected_reply(self, wrong: GuardrailViolation, text: str) -> None:
        """The text is kept for whoever tunes the prompt, and counted."""
        self._violation_codes.append(wrong.code)
        _log.warning("text_refused", turn=str(self._failed_command.turn), code=wrong.code)
        model, version = self._session.model, self._prompt.version
        count = len(self._violation_codes)
        await self._context.save_rejected_reply(
            RejectedReply(count, wrong.code, wrong.sentence, text, model, version)
        )

    def _replace_rejected_reply(self, wrong: GuardrailViolation, text: str) -> FinishAssistantTurn:
        """The server's own true words, and the visit goes on. Only where they did not help before
        do people take over.
        """
        case = self._context
        shorter = drop_incomplete_sentence(text)
        if wrong.code == correction_prompt.TOO_LONG_TEXT and self._is_allowed(text):
            return self._finish_answered(text)
        if wrong.code == correction_prompt.TRUNCATED_TEXT and shorter and self._is_allowed(shorter):
            return self._finish_with_fallback(shorter)
        topic = detect_escalation(case.snapshot.unanswered_texts)
        if wrong.code != promise_check.TRANSFER_PROMISE and topic is None:
            found = find_fallback_reply(case)
            if found or not is_fallback_question(case.snapshot.last_provider_text):
                return self._finish_with_fallback(found or fallback_reply_or_question(case))
        if case.handoff is None:
            note = format_handoff_summary(case, "O assistente não conseguiu responder com certeza.")
            case.hand_off(find_department(case), (topic or EscalationReason.OTHER).value, note)
        assert case.handoff is not None
        return self._finish_with_fallback(
            format_handoff_notice(case, case.handoff.team, case.fallback_text)
        )

    def _finish_with_fallback(self, text: str) -> FinishAssistantTurn:
        detail = f"the texts were refused: {', '.join(self._violation_codes)}"
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
                self._context.final_text = ""  # what is said must tell of the last thing done, too
            result = await self._session.run_untimed(self._toolbox.call_tool(call))
            results.append((call, _to_json(result)))
            if self._context.final_text and self._context.handoff is not None:
                break
        self._session.add_tool_results(completion.text, results)

    def _finish_answered(self, text: str, code: str = "", detail: str = "") -> FinishAssistantTurn:
        case = self._context
        text = after_hours_notice.append_opening_notice(case, text)
        parts = split_into_messages(case.snapshot.with_protocol(text))
        said = [MessageContent(MessageKind.TEXT, part) for part in parts]
        return replace(
            self._finish_with_usage(),
            outcome=TurnOutcome.ANSWERED,
            replies=(*said, *case.trailing_contents),
            handoff=case.handoff,
            close=case.closing_quote,
            code=code,
            detail=detail,
        )

    def _finish_without_model(self, error: ModelError) -> FinishAssistantTurn:
        """What tools did is told by a sentence of ours; else the tenant's fixed one is said."""
        case = self._context
        _log.warning(
            "turn_without_model",
            turn=str(self._failed_command.turn),
            code=error.code,
            detail=_format_error_detail(error),
        )
        if case.fallback_text:
            return self._finish_answered(
                case.fallback_text, error.code, _format_error_detail(error)
            )
        topic = detect_escalation(case.snapshot.unanswered_texts)
        if topic is not None:
            return self._finish_escalated(topic, error)
        note = format_handoff_summary(case, "O assistente parou: o modelo de linguagem falhou.")
        handoff = HandoffRequest(case.team_for_department(find_department(case)), error.code, note)
        return replace(
            self._finish_with_usage(),
            code=error.code,
            detail=_format_error_detail(error),
            handoff=handoff,
        )

    def _finish_escalated(self, topic: EscalationReason, error: ModelError) -> FinishAssistantTurn:
        """No model understood it, but plain words say that people are wanted, and why."""
        handoff = build_escalation_handoff(self._context, topic)
        finish = replace(
            self._finish_with_usage(), code=error.code, detail=_format_error_detail(error)
        )
        said = format_handoff_notice(self._context, handoff.team)
        return _finish_handed_off(finish, self._context, handoff, said)

    def _finish_without_erp(self, error: ToolExecutionError) -> FinishAssistantTurn:
        """The provider's system is away: that is said, once, and the right people take over."""
        case = self._context
        _log.warning("turn_without_erp", turn=str(self._failed_command.turn), code=error.code)
        sector = Department(error.tool.department) if error.tool.department else case.department
        head = f"O sistema do provedor falhou em {error.tool.name} ({error.code})."
        handoff = HandoffRequest(
            case.team_for_department(sector), error.code, format_handoff_summary(case, head)
        )
        said = format_handoff_notice(
            case, handoff.team, f"{case.fallback_text} {_ERP_UNAVAILABLE_TEXT}".strip()
        )
        finish = replace(
            self._finish_with_usage(), code=error.code, detail=_format_error_detail(error)
        )
        return _finish_handed_off(finish, case, handoff, said)

    def _finish_with_usage(self) -> FinishAssistantTurn:
        dialogue = self._session
        return replace(
            self._failed_command,
            code="",
            model=dialogue.model,
            prompt_version=self._prompt.version,
            tokens_in=dialogue.tokens_in,
            tokens_out=dialogue.tokens_out,
            tokens_cached=dialogue.tokens_cached,
            model_calls=dialogue.call_count,
            cost=dialogue.cost,
        )


def _finish_handed_off(
    finish: FinishAssistantTurn, context: TurnContext, handoff: HandoffRequest, text: str
) -> FinishAssistantTurn:
    """People take over; what tools prepared (a code, a file) still reaches the customer."""
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
