"""What is evaluated: an end point's model, the sandbox's, or somebody who answers as the model."""

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
    """Who answers as the model."""

    HAND = "hand"
    CARELESS = "careless"


def build_evaluated_model(
    endpoint: str, model: str, api_key: str, prices: TokenPrices, *, stream: bool
) -> EvaluatedModel:
    """What is evaluated. Raises ``InvalidInputError`` for half of a choice, and for a key in plain
    sight.
    """
    if bool(endpoint) != bool(model) or (endpoint and not api_key):
        raise InvalidInputError("--endpoint, --model and --api-key belong together")
    if api_key and not api_key.startswith("env:"):
        raise InvalidInputError(
            "--api-key takes env:NAME: a key on the command line is seen by others"
        )
    return EvaluatedModel(endpoint, model, api_key, *prices, stream)


@dataclass(frozen=True, slots=True)
class ResponderOptions:
    """The options that say who answers. ``hand_dir``: by files there."""

    model_by: ResponderType | None = None
    hand_dir: Path | None = None
    record: Path | None = None
    replay: Path | None = None
    customer_by: ResponderType | None = None

    @property
    def requires_in_process(self) -> bool:
        """Whether the running stack cannot be asked: its models are end points."""
        return any((self.model_by, self.record, self.replay))

    @property
    def is_interactive(self) -> bool:
        """Whether somebody sits at the terminal: one conversation after the other."""
        return ResponderType.HAND in (self.model_by, self.customer_by) and self.hand_dir is None

    def build_runner(
        self, endpoint: str, model: str, api_key: str, prices: TokenPrices, *, stream: bool
    ) -> InProcessRunner:
        """How it is evaluated in this process. Raises ``InvalidInputError`` for options that
        exclude each other.
        """
        self._check(endpoint, api_key)
        if self.replay is not None:
            replayer = ReplayingResponder(self.replay)
            choice = EvaluatedModel("", replayer.model, "", *prices, stream)
            return InProcessRunner(choice, replayer, listeners=[replayer], names=replayer.names)
        if self.model_by is None:
            choice = build_evaluated_model(endpoint, model, api_key, prices, stream=stream)
            if self.record is None:
                return InProcessRunner(choice)
            if choice.is_simulated:
                raise InvalidInputError(
                    "--record keeps a model's answers: name --endpoint or --model-by"
                )
            return self._with_recorder(choice, ForwardingResponder(endpoint, _read_key(api_key)))
        choice = EvaluatedModel("", model or str(self.model_by), "", *prices, stream)
        return self._with_recorder(choice, self._build_responder(choice.model))

    def _with_recorder(self, choice: EvaluatedModel, player: ModelResponder) -> InProcessRunner:
        listeners: list[ConversationListener] = (
            [player] if isinstance(player, FileResponder) else []
        )
        if self.record is not None:
            player = RecordingResponder(player, self.record, choice.model)
            listeners.append(player)
        patient = self.model_by is ResponderType.HAND
        if self.model_by is not ResponderType.CARELESS:
            return InProcessRunner(choice, player, patient, listeners)
        plays = partial(run_scripted, lies=careless_responder.HARMFUL_SENTENCES)
        return InProcessRunner(choice, player, False, listeners, plays)

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
            raise InvalidInputError("--replay needs no model, and there is nothing new to record")
        if self.model_by is not None and (endpoint or api_key):
            raise InvalidInputError("--model-by takes the place of --endpoint and --api-key")


@dataclass(frozen=True, slots=True)
class PersonaOptions:
    """The options that say who plays the customer, and judges. Like those of the model."""

    by: ResponderType | None = None
    endpoint: str = ""
    model: str = ""
    api_key: str = ""
    judges: bool = True

    def with_personas(
        self, personas: Sequence[Persona], model: ResponderOptions, found: InProcessRunner
    ) -> InProcessRunner:
        """``found`` with personas in place of scripts. Raises ``InvalidInputError`` where nobody
        plays.
        """
        listeners = list(found.listeners)
        player = self._build_responder(model, found)
        if model.record is not None and not isinstance(found.responder, ReplayingResponder):
            player = RecordingResponder(player, model.record, self.model or str(self.by))
            listeners.append(player)
        acting = PersonaRunner(
            {persona.to_scenario().name: persona for persona in personas},
            player,
            player if self.judges else None,
        )
        patient = found.is_unhurried or self.by is ResponderType.HAND
        return replace(found, run_scenario=acting, listeners=listeners, is_unhurried=patient)

    def _build_responder(self, model: ResponderOptions, found: InProcessRunner) -> ModelResponder:
        if isinstance(found.responder, ReplayingResponder):
            return found.responder
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
