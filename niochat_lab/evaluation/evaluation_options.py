"""The options of an evaluation: an endpoint's model, the scripted model or another responder."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

from niochat.domain.errors import InvalidInputError
from niochat_lab.evaluation.definitions.persona_schema import Persona
from niochat_lab.evaluation.evaluation_tenants import EvaluatedModel
from niochat_lab.evaluation.in_process.in_process_runner import (
    ConversationListener,
    InProcessRunner,
)
from niochat_lab.evaluation.persona_runner import PersonaRunner
from niochat_lab.evaluation.responders import careless_responder
from niochat_lab.evaluation.responders.file_responder import FileResponder
from niochat_lab.evaluation.responders.forwarding_responder import (
    ForwardingResponder,
    NamedModelResponder,
)
from niochat_lab.evaluation.responders.model_recordings import (
    RecordingResponder,
    ReplayingResponder,
)
from niochat_lab.evaluation.responders.responder_endpoint import ModelResponder
from niochat_lab.evaluation.responders.terminal_responder import TerminalResponder
from niochat_lab.evaluation.scenario_runner import run_scripted

TokenPrices = tuple[float, float]


class ResponderType(StrEnum):
    """The responder in place of an endpoint."""

    HAND = "hand"
    CARELESS = "careless"


def build_evaluated_model(
    endpoint: str, model: str, api_key: str, prices: TokenPrices, *, stream: bool
) -> EvaluatedModel:
    """Build the evaluated model.

    Raises ``InvalidInputError`` for incomplete options and for a key on the command line.
    """
    if bool(endpoint) != bool(model) or (endpoint and not api_key):
        raise InvalidInputError("--endpoint, --model and --api-key belong together")
    if api_key and not api_key.startswith("env:"):
        raise InvalidInputError(
            "--api-key must be env:NAME: other users can read a key on the command line"
        )
    return EvaluatedModel(endpoint, model, api_key, *prices, stream)


@dataclass(frozen=True, slots=True)
class ResponderOptions:
    """The options for the model's responder. ``hand_dir``: the folder of requests and answers."""

    model_by: ResponderType | None = None
    hand_dir: Path | None = None
    record: Path | None = None
    replay: Path | None = None
    customer_by: ResponderType | None = None

    @property
    def requires_in_process(self) -> bool:
        """Whether the evaluation must run in-process, because a running stack only
        knows endpoints.
        """
        return any((self.model_by, self.record, self.replay))

    @property
    def is_interactive(self) -> bool:
        """Whether a person uses the terminal, so that conversations run one after another."""
        return ResponderType.HAND in (self.model_by, self.customer_by) and self.hand_dir is None

    def build_runner(
        self, endpoint: str, model: str, api_key: str, prices: TokenPrices, *, stream: bool
    ) -> InProcessRunner:
        """Build the in-process runner. Raises ``InvalidInputError`` for conflicting options."""
        self._check(endpoint, api_key)
        if self.replay is not None:
            replayer = ReplayingResponder(self.replay)
            evaluated_model = EvaluatedModel("", replayer.model, "", *prices, stream)
            return InProcessRunner(
                evaluated_model, replayer, listeners=[replayer], names=replayer.names
            )
        if self.model_by is None:
            evaluated_model = build_evaluated_model(endpoint, model, api_key, prices, stream=stream)
            if self.record is None:
                return InProcessRunner(evaluated_model)
            if evaluated_model.is_simulated:
                raise InvalidInputError("--record needs --endpoint or --model-by")
            return self._with_recorder(
                evaluated_model, ForwardingResponder(endpoint, _read_key(api_key))
            )
        evaluated_model = EvaluatedModel("", model or str(self.model_by), "", *prices, stream)
        return self._with_recorder(evaluated_model, self._build_responder(evaluated_model.model))

    def _with_recorder(
        self, evaluated_model: EvaluatedModel, responder: ModelResponder
    ) -> InProcessRunner:
        listeners: list[ConversationListener] = (
            [responder] if isinstance(responder, FileResponder) else []
        )
        if self.record is not None:
            responder = RecordingResponder(responder, self.record, evaluated_model.model)
            listeners.append(responder)
        unhurried = self.model_by is ResponderType.HAND
        if self.model_by is not ResponderType.CARELESS:
            return InProcessRunner(evaluated_model, responder, unhurried, listeners)
        run_scenario = partial(run_scripted, lies=careless_responder.HARMFUL_SENTENCES)
        return InProcessRunner(evaluated_model, responder, False, listeners, run_scenario)

    def _build_responder(self, name: str) -> ModelResponder:
        if self.model_by is ResponderType.CARELESS:
            return careless_responder.CarelessResponder()
        return (
            TerminalResponder(name) if self.hand_dir is None else FileResponder(self.hand_dir, name)
        )

    def _check(self, endpoint: str, api_key: str) -> None:
        if self.hand_dir is not None and ResponderType.HAND not in (
            self.model_by,
            self.customer_by,
        ):
            raise InvalidInputError("--hand-dir belongs to --model-by hand, or --customer-by hand")
        if self.replay is not None and (self.record or self.model_by or endpoint):
            raise InvalidInputError("--replay excludes --record, --model-by and --endpoint")
        if self.model_by is not None and (endpoint or api_key):
            raise InvalidInputError("--model-by excludes --endpoint and --api-key")


@dataclass(frozen=True, slots=True)
class PersonaOptions:
    """The options for the customer's player and judge; they correspond to those of the model."""

    by: ResponderType | None = None
    endpoint: str = ""
    model: str = ""
    api_key: str = ""
    judges: bool = True

    def with_personas(
        self, personas: Sequence[Persona], model: ResponderOptions, runner: InProcessRunner
    ) -> InProcessRunner:
        """Return ``runner`` with personas in place of scripts.

        Raises ``InvalidInputError`` if no player is configured.
        """
        listeners = list(runner.listeners)
        responder = self._build_responder(model, runner)
        if model.record is not None and not isinstance(runner.responder, ReplayingResponder):
            responder = RecordingResponder(responder, model.record, self.model or str(self.by))
            listeners.append(responder)
        persona_runner = PersonaRunner(
            {persona.to_scenario().name: persona for persona in personas},
            responder,
            responder if self.judges else None,
        )
        unhurried = runner.is_unhurried or self.by is ResponderType.HAND
        return replace(
            runner, run_scenario=persona_runner, listeners=listeners, is_unhurried=unhurried
        )

    def _build_responder(self, model: ResponderOptions, runner: InProcessRunner) -> ModelResponder:
        if isinstance(runner.responder, ReplayingResponder):
            return runner.responder
        if self.by is ResponderType.HAND:
            return (
                TerminalResponder("hand")
                if model.hand_dir is None
                else FileResponder(model.hand_dir, "hand")
            )
        if not self.endpoint:
            raise InvalidInputError("--personas needs --customer-endpoint, or --customer-by hand")
        build_evaluated_model(self.endpoint, self.model, self.api_key, (0, 0), stream=False)
        return NamedModelResponder(
            ForwardingResponder(self.endpoint, _read_key(self.api_key)), self.model
        )


def _read_key(api_key: str) -> str:
    name = api_key.removeprefix("env:")
    try:
        return os.environ[name]
    except KeyError:
        raise InvalidInputError(f"--api-key names the variable {name}, which is not set") from None
