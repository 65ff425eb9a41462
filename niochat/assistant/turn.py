"""One run of the assistant: bounded in steps, tokens and seconds; it always ends in a report."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import structlog

from niochat.adapters.openai.model import Completion, ModelError, Models
from niochat.assistant.case import Case, Result, Sector
from niochat.assistant.dialogue import Dialogue
from niochat.assistant.folding import storable
from niochat.assistant.guard import untrue
from niochat.assistant.handover import announcement, summary, urgent_handoff
from niochat.assistant.patience import BACK_WITHIN_S, patiently
from niochat.assistant.prompt import Prompt, system_prompt
from niochat.assistant.report import TurnReport, TurnRequest
from niochat.assistant.settings import AssistantSettings, CapabilitiesOf, SettingsOf
from niochat.assistant.situation import situation
from niochat.assistant.toolbox import FailedTool, Toolbox
from niochat.assistant.topics import urgent_topic
from niochat.assistant.transcript import as_chat
from niochat.assistant.visit import Visit, Visits
from niochat.domain.commands import FinishAssistantTurn, Handoff, TurnOutcome
from niochat.domain.erp import ErpDesk
from niochat.domain.errors import NiochatError
from niochat.domain.ids import TurnId
from niochat.domain.message import Content, Kind
from niochat.domain.plain import cut

_log = structlog.get_logger(__name__)

MAX_TEXT = 4000
"""Characters of one message; WhatsApp takes 4,096."""
CALLS_AT_ONCE = 4
"""Tools that a model may want in one step; further ones are not run."""
_REFUSED_TEXT = (
    "texto_recusado ({code}): o texto afirma algo que nenhuma ferramenta fez neste atendimento, ou "
    "mostra algo que não veio do sistema. Escreva de novo só com o que é verdade, sem códigos."
)
_ERP_AWAY = "Não consegui consultar o sistema do provedor agora."


Wrote = Callable[[TurnRequest, str], None]
"""Told what a turn is about to say while it comes: unchecked, for people of the provider only."""


class Assistant:
    """Runs turns of any tenant, each with that tenant's role and settings."""

    def __init__(
        self,
        visits: Visits,
        models: Models,
        erp: ErpDesk,
        settings_of: SettingsOf,
        capabilities_of: CapabilitiesOf,
        *,
        database_back_within_s: float = BACK_WITHIN_S,
        wrote: Wrote = lambda request, text: None,
    ) -> None:
        self._visits = visits
        self._models = models
        self._erp = erp
        self._settings_of = settings_of
        self._capabilities_of = capabilities_of
        self._database_back_within_s = database_back_within_s
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
        case = Case(visit, self._visits, self._erp, capable, self._database_back_within_s)
        topic = urgent_topic(visit.unanswered)
        if topic is not None:
            handoff = urgent_handoff(case, topic)
            return TurnReport(_passed_on(failed, case, handoff, announcement(case, handoff.team)))
        wrote = partial(self._wrote, request)
        return await _Run(case, self._models, settings, failed, wrote).report()


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
        self._prompt: Prompt = system_prompt(settings.persona, visit.request.protocol)
        self._toolbox = Toolbox(case)
        self._max_steps = settings.max_steps
        self._dialogue = Dialogue(
            models,
            settings,
            [
                {"role": "system", "content": self._prompt.text},
                {"role": "system", "content": situation(case)},
                *as_chat(list(visit.lines)),
            ],
            self._toolbox.offers(),
            wrote,
        )

    async def report(self) -> TurnReport:
        """How the turn ended, whatever failed in it."""
        try:
            await self._go_on()
            return TurnReport(self._answered(await self._text()))
        except ModelError as error:
            return TurnReport(self._without_model(error), error.retry_after_s)
        except FailedTool as error:
            return TurnReport(self._without_erp(error))

    async def _go_on(self) -> None:
        """From where an earlier run was cut off."""
        finished = await self._toolbox.finished()
        if finished:
            self._dialogue.answer("", [(call, _json(result)) for call, result in finished])

    async def _text(self) -> str:
        """What is to be said, looked at by the guard. Raises ``ModelError``, ``FailedTool``."""
        corrected = False
        for _ in range(self._max_steps):
            completion = await self._dialogue.ask()
            if completion.calls:
                await self._use(completion)
                if self._case.final:
                    return self._case.final
                continue
            wrong = untrue(completion.text, self._case, self._prompt.told, self._prompt.rules)
            if wrong is None:
                return completion.text
            _log.warning("text_refused", turn=str(self._failed.turn), code=wrong)
            if corrected:
                raise ModelError(
                    f"the text was refused twice: {wrong}", code="model_untrue", retryable=False
                )
            corrected = True
            self._dialogue.correct(completion.text, _REFUSED_TEXT.format(code=wrong))
        raise ModelError(
            f"no answer after {self._max_steps} steps", code="model_loop", retryable=False
        )

    async def _use(self, completion: Completion) -> None:
        results = []
        for call in completion.calls[:CALLS_AT_ONCE]:
            result = await self._dialogue.outside(self._toolbox.use(call))
            results.append((call, _json(result)))
            if self._case.final:
                break
        self._dialogue.answer(completion.text, results)

    def _answered(self, text: str, code: str = "", detail: str = "") -> FinishAssistantTurn:
        case = self._case
        said = Content(Kind.TEXT, _with_protocol(case.visit, text))
        return replace(
            self._spent(),
            outcome=TurnOutcome.ANSWERED,
            says=(said, *case.after_text),
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
        note = summary(case, "O assistente parou: o modelo de linguagem falhou.")
        handoff = Handoff(case.team_of(case.sector), error.code, note)
        return replace(self._spent(), code=error.code, detail=_detail(error), handoff=handoff)

    def _without_erp(self, error: FailedTool) -> FinishAssistantTurn:
        """The provider's system is away: that is said, once, and the right people take over."""
        case = self._case
        _log.warning("turn_without_erp", turn=str(self._failed.turn), code=error.code)
        sector = Sector(error.tool.sector) if error.tool.sector else case.sector
        head = f"O sistema do provedor falhou em {error.tool.name} ({error.code})."
        handoff = Handoff(case.team_of(sector), error.code, summary(case, head))
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
            cost=dialogue.cost,
        )


def _passed_on(
    finish: FinishAssistantTurn, case: Case, handoff: Handoff, text: str
) -> FinishAssistantTurn:
    """People take over; what tools prepared (a code, a file) still reaches the customer."""
    code = finish.code if finish.code != "model_failed" else ""
    return replace(
        finish,
        outcome=TurnOutcome.ANSWERED,
        code=code,
        says=(Content(Kind.TEXT, text), *case.after_text),
        handoff=handoff,
    )


def _json(result: Result) -> str:
    return json.dumps(result, ensure_ascii=False, default=str)


def _with_protocol(visit: Visit, text: str) -> str:
    """The number is told in the first answer, whether the model thinks of it or not, and however
    much it says: only what it says is cut.
    """
    protocol = visit.request.protocol
    if not visit.first_answer or protocol in cut(text, MAX_TEXT):
        return cut(text, MAX_TEXT)
    last = f"\n\nProtocolo: {protocol}"
    return cut(text, MAX_TEXT - len(last)) + last


def _detail(error: NiochatError) -> str:
    return storable(str(error))[:500]
