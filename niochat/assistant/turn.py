"""One run of the assistant: bounded in steps, tokens and seconds; it always ends in a report."""

import json
import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from niochat.adapters.openai.model import Completion, ModelError, Models
from niochat.assistant import after_hours, announcing, corrections, memory
from niochat.assistant.case import Case, Result, Sector
from niochat.assistant.chat_text import (
    as_chat_text,
    in_messages,
    is_half,
    whole_sentences,
    without_machinery,
)
from niochat.assistant.dialogue import Dialogue
from niochat.assistant.folding import storable
from niochat.assistant.guard import Refusal, untrue
from niochat.assistant.handover import announcement, named_sector, summary, urgent_handoff
from niochat.assistant.own_words import goes_on, is_question_of_ours, own_words
from niochat.assistant.patience import BACK_WITHIN_S, patiently
from niochat.assistant.prompt import Prompt, system_prompt
from niochat.assistant.provider_facts import facts_lines
from niochat.assistant.report import TurnReport, TurnRequest
from niochat.assistant.rounds import brake
from niochat.assistant.settings import AssistantSettings, CapabilitiesOf, SettingsOf
from niochat.assistant.situation import NAME as SITUATION
from niochat.assistant.situation import situation
from niochat.assistant.toolbox import FailedTool, Toolbox
from niochat.assistant.tools.wishes import NOTE_WISH
from niochat.assistant.topics import Topic, urgent_topic
from niochat.assistant.transcript import as_chat, system_note
from niochat.assistant.visit import RefusedText, Visit, Visits
from niochat.domain.commands import FinishAssistantTurn, HandoffRequest, TurnOutcome
from niochat.domain.erp import TenantErpClient
from niochat.domain.errors import NiochatError
from niochat.domain.ids import TurnId
from niochat.domain.message import MessageContent, MessageKind
from niochat.domain.requests import parse_change_request_rules

_log = structlog.get_logger(__name__)

MOST_MESSAGES = 3
"""Of one answer; a longer one is to be said shorter."""
REFUSALS = 2
"""Texts of one turn that do not leave; then the server speaks itself."""
CALLS_AT_ONCE = 4
"""Tools that a model may want in one step; further ones are not run."""
_ERP_AWAY = "Não consegui consultar o sistema do provedor agora."


Wrote = Callable[[TurnRequest, str], None]
"""Told what a turn is about to say while it comes: unchecked, for people of the provider only."""


class Assistant:
    """Runs turns of any tenant, each with that tenant's role and settings."""

    def __init__(
        self,
        visits: Visits,
        models: Models,
        erp: TenantErpClient,
        settings_of: SettingsOf,
        capabilities_of: CapabilitiesOf,
        *,
        database_back_within_s: float = BACK_WITHIN_S,
        model_within_s: float | None = None,
        wrote: Wrote = lambda request, text: None,
    ) -> None:
        """``model_within_s``: of one turn, in place of the tenant's ``max_seconds``."""
        self._visits = visits
        self._models = models
        self._erp = erp
        self._settings_of = settings_of
        self._capabilities_of = capabilities_of
        self._database_back_within_s = database_back_within_s
        self._model_within_s = model_within_s
        self._wrote = wrote

    async def run(self, request: TurnRequest) -> TurnReport:
        """The turn's report; a failure is one too, with a code that an operator understands."""
        failed = FinishAssistantTurn(
            TurnId(request.turn_id), request.attempt, TurnOutcome.FAILED, code="model_failed"
        )
        try:
            return await self._run(request, failed)
        except NiochatError as error:
            _log.warning("turn_failed", turn=str(request.turn_id), code=error.code)
            finish = replace(failed, code=error.code, detail=_detail(error))
            return TurnReport(finish, getattr(error, "retry_after_s", 0.0))
        except Exception as error:  # noqa: BLE001 - run again, it would raise again
            _log.error("turn_failed", turn=str(request.turn_id), exc_info=error)
            return TurnReport(replace(failed, detail=type(error).__name__))

    async def _run(self, request: TurnRequest, failed: FinishAssistantTurn) -> TurnReport:
        # One deadline for all of it: whoever watches the turn is not patient for ever.
        deadline = time.monotonic() + self._database_back_within_s
        visit = await patiently(lambda: self._visits.open(request), deadline)
        if visit is None:
            return TurnReport(replace(failed, code="turn_not_current"))
        settings = await patiently(lambda: self._settings_of(request.tenant_id), deadline)
        capable = await patiently(lambda: self._capabilities_of(request.tenant_id), deadline)
        back = self._database_back_within_s
        rules = parse_change_request_rules(settings.requests)
        case = Case(visit, self._visits, self._erp, capable, back, settings.facts, rules)
        await memory.recognise(case)
        braked = await brake(case)
        if braked is not None:
            return TurnReport(_passed_on(failed, case, *braked))

        def wrote(text: str) -> None:
            self._wrote(request, without_machinery(text))

        run = _Run(case, self._models, settings, failed, wrote)
        run.give_time(self._model_within_s)
        return await run.report()


class _Run:
    """The loop of one turn: model, tools, and the guard at its end."""

    def __init__(
        self,
        case: Case,
        models: Models,
        settings: AssistantSettings,
        failed: FinishAssistantTurn,
        wrote: Callable[[str], None],
    ) -> None:
        visit = case.visit
        self._case = case
        self._failed = failed
        told = facts_lines(settings.facts, visit.policy)
        self._prompt: Prompt = system_prompt(settings.persona, told)
        self._toolbox = Toolbox(case)
        self._max_steps = settings.max_steps
        self._max_tokens = settings.max_tokens
        self._refused: list[str] = []
        self._dialogue = Dialogue(
            models,
            settings,
            [
                {"role": "system", "content": self._prompt.text},
                *as_chat(visit.lines),
                system_note(SITUATION, situation(case)),
            ],
            self._toolbox.offers(),
            wrote,
        )

    def give_time(self, model_within_s: float | None) -> None:
        """Another bound for the model than the tenant's."""
        if model_within_s is not None:
            self._dialogue.deadline = time.monotonic() + model_within_s

    async def report(self) -> TurnReport:
        """How the turn ended, whatever failed in it."""
        refused = self._refused
        try:
            await self._go_on()
            return TurnReport(await self._said(), refused=refused)
        except ModelError as error:
            finish = self._without_model(error)
            return TurnReport(finish, error.retry_after_s, refused=refused)
        except FailedTool as error:
            return TurnReport(self._without_erp(error), refused=refused)

    async def _go_on(self) -> None:
        """From where an earlier run was cut off."""
        finished = await self._toolbox.finished()
        if finished:
            self._dialogue.answer("", [(call, _json(result)) for call, result in finished])

    async def _said(self) -> FinishAssistantTurn:
        """What is to be said, looked at by the guard. Raises ``ModelError``, ``FailedTool``."""
        wrong, text = None, ""
        for _ in range(self._max_steps):
            completion = await self._dialogue.ask()
            if completion.calls:
                await self._use(completion)
                if self._case.final:
                    return self._answered(self._case.final)
                continue
            text = as_chat_text(completion.text)
            wrong = self._wrong(text, completion)
            if wrong is None:
                return self._answered(text)
            await self._refuse(wrong, completion.text)
            if len(self._refused) >= REFUSALS:
                break
            why = corrections.correction(wrong.code, wrong.sentence)
            self._dialogue.correct(completion.text, why)
        if wrong is not None:
            return self._instead(wrong, text)
        raise ModelError(
            f"no answer after {self._max_steps} steps", code="model_loop", retryable=False
        )

    def _wrong(self, text: str, completion: Completion) -> Refusal | None:
        """Why the text must not leave."""
        if not text:
            return Refusal(corrections.EMPTY, completion.text)
        if self._ended_for_length(completion) and is_half(text):
            return Refusal(corrections.CUT_OFF, text[-200:])
        if len(in_messages(text)) > MOST_MESSAGES:
            return Refusal(corrections.LONG, text[:200])
        found = self._untrue(text)
        if found is not None:
            return found
        announced = announcing.announced(text, self._case)
        return Refusal(*announced) if announced else None

    def _ended_for_length(self, completion: Completion) -> bool:
        return completion.finish == "length" or completion.tokens_out >= self._max_tokens

    async def _refuse(self, wrong: Refusal, text: str) -> None:
        """The text is kept for whoever tunes the prompt, and counted."""
        self._refused.append(wrong.code)
        _log.warning("text_refused", turn=str(self._failed.turn), code=wrong.code)
        model, version = self._dialogue.model, self._prompt.version
        count = len(self._refused)
        await self._case.keep_refused(
            RefusedText(count, wrong.code, wrong.sentence, text, model, version)
        )

    def _instead(self, wrong: Refusal, text: str) -> FinishAssistantTurn:
        """The server's own true words, and the visit goes on. Only where they did not help before
        do people take over.
        """
        case = self._case
        shorter = whole_sentences(text)
        if wrong.code == corrections.LONG and self._may_leave(text):
            return self._answered(text)
        if wrong.code == corrections.CUT_OFF and shorter and self._may_leave(shorter):
            return self._in_its_place(shorter)
        topic = urgent_topic(case.visit.unanswered)
        if wrong.code != announcing.TRANSFER and topic is None:
            found = own_words(case)
            if found or not is_question_of_ours(case.visit.last_said):
                return self._in_its_place(found or goes_on(case))
        if case.handoff is None:
            note = summary(case, "O assistente não conseguiu responder com certeza.")
            case.hand_over(named_sector(case), (topic or Topic.OTHER).value, note)
        assert case.handoff is not None
        return self._in_its_place(announcement(case, case.handoff.team, case.instead))

    def _in_its_place(self, text: str) -> FinishAssistantTurn:
        detail = f"the texts were refused: {', '.join(self._refused)}"
        return self._answered(text, code="model_untrue", detail=detail)

    def _may_leave(self, text: str) -> bool:
        return not self._untrue(text) and not announcing.announced(text, self._case)

    def _untrue(self, text: str) -> Refusal | None:
        prompt = self._prompt
        return untrue(text, self._case, prompt.told, prompt.rules, any_language=prompt.any_language)

    async def _use(self, completion: Completion) -> None:
        results = []
        for call in completion.calls[:CALLS_AT_ONCE]:
            if call.name != NOTE_WISH.name:
                self._case.final = ""  # what is said must tell of the last thing done, too
            result = await self._dialogue.outside(self._toolbox.use(call))
            results.append((call, _json(result)))
            if self._case.final and self._case.handoff is not None:
                break
        self._dialogue.answer(completion.text, results)

    def _answered(self, text: str, code: str = "", detail: str = "") -> FinishAssistantTurn:
        case = self._case
        text = after_hours.with_promise(case, text)
        parts = in_messages(_with_protocol(case.visit, text))
        said = [MessageContent(MessageKind.TEXT, part) for part in parts]
        return replace(
            self._spent(),
            outcome=TurnOutcome.ANSWERED,
            says=(*said, *case.after_text),
            handoff=case.handoff,
            close=case.close,
            code=code,
            detail=detail,
        )

    def _without_model(self, error: ModelError) -> FinishAssistantTurn:
        """What tools did is told by a sentence of ours; else the tenant's fixed one is said."""
        case = self._case
        _log.warning(
            "turn_without_model", turn=str(self._failed.turn), code=error.code,
            detail=_detail(error),
        )  # fmt: skip
        if case.instead:
            return self._answered(case.instead, error.code, _detail(error))
        topic = urgent_topic(case.visit.unanswered)
        if topic is not None:
            return self._urgent(topic, error)
        note = summary(case, "O assistente parou: o modelo de linguagem falhou.")
        handoff = HandoffRequest(case.team_of(named_sector(case)), error.code, note)
        return replace(self._spent(), code=error.code, detail=_detail(error), handoff=handoff)

    def _urgent(self, topic: Topic, error: ModelError) -> FinishAssistantTurn:
        """No model understood it, but plain words say that people are wanted, and why."""
        handoff = urgent_handoff(self._case, topic)
        finish = replace(self._spent(), code=error.code, detail=_detail(error))
        said = announcement(self._case, handoff.team)
        return _passed_on(finish, self._case, handoff, said)

    def _without_erp(self, error: FailedTool) -> FinishAssistantTurn:
        """The provider's system is away: that is said, once, and the right people take over."""
        case = self._case
        _log.warning("turn_without_erp", turn=str(self._failed.turn), code=error.code)
        sector = Sector(error.tool.sector) if error.tool.sector else case.sector
        head = f"O sistema do provedor falhou em {error.tool.name} ({error.code})."
        handoff = HandoffRequest(case.team_of(sector), error.code, summary(case, head))
        said = announcement(case, handoff.team, f"{case.instead} {_ERP_AWAY}".strip())
        finish = replace(self._spent(), code=error.code, detail=_detail(error))
        return _passed_on(finish, case, handoff, said)

    def _spent(self) -> FinishAssistantTurn:
        dialogue = self._dialogue
        return replace(
            self._failed,
            code="",
            model=dialogue.model,
            prompt_version=self._prompt.version,
            tokens_in=dialogue.tokens_in,
            tokens_out=dialogue.tokens_out,
            tokens_cached=dialogue.tokens_cached,
            model_calls=dialogue.calls,
            cost=dialogue.cost,
        )


def _passed_on(
    finish: FinishAssistantTurn, case: Case, handoff: HandoffRequest, text: str
) -> FinishAssistantTurn:
    """People take over; what tools prepared (a code, a file) still reaches the customer."""
    code = finish.code if finish.code != "model_failed" else ""
    return replace(
        finish,
        outcome=TurnOutcome.ANSWERED,
        code=code,
        says=(MessageContent(MessageKind.TEXT, text), *case.after_text),
        handoff=handoff,
    )


def _json(result: Result) -> str:
    return json.dumps(result, ensure_ascii=False, default=str)


def _with_protocol(visit: Visit, text: str) -> str:
    """The number is told in the first answer, whether the model thinks of it or not."""
    protocol = visit.request.protocol
    if not visit.first_answer or protocol in text:
        return text
    return f"{text}\n\nProtocolo: {protocol}"


def _detail(error: NiochatError) -> str:
    return storable(str(error))[:500]
