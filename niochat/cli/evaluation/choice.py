"""What is evaluated: an end point's model, the sandbox's, or somebody who answers as the model."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

from niochat.cli.evaluation.acting import Acting
from niochat.cli.evaluation.inprocess.playing import InProcess, Listener
from niochat.cli.evaluation.models import careless
from niochat.cli.evaluation.models.by_files import ByFiles
from niochat.cli.evaluation.models.by_terminal import ByTerminal
from niochat.cli.evaluation.models.endpoint import Player
from niochat.cli.evaluation.models.forwarded import Forwarded, Named
from niochat.cli.evaluation.models.recording import Recorder, Replayer
from niochat.cli.evaluation.persona import Persona
from niochat.cli.evaluation.playing import scripted
from niochat.cli.evaluation.tenants import ModelChoice
from niochat.domain.errors import InvalidInputError

Prices = tuple[float, float]


class ModelBy(StrEnum):
    """Who answers as the model."""

    HAND = "hand"
    CARELESS = "careless"


def model_choice(
    endpoint: str, model: str, api_key: str, prices: Prices, *, stream: bool
) -> ModelChoice:
    """What is evaluated. Raises ``InvalidInputError`` for half of a choice, and for a key in plain sight."""
    if bool(endpoint) != bool(model) or (endpoint and not api_key):
        raise InvalidInputError("--endpoint, --model and --api-key belong together")
    if api_key and not api_key.startswith("env:"):
        raise InvalidInputError(
            "--api-key takes env:NAME: a key on the command line is seen by others"
        )
    return ModelChoice(endpoint, model, api_key, *prices, stream)


@dataclass(frozen=True, slots=True)
class AnswersBy:
    """The options that say who answers. ``hand_dir``: by files there."""

    model_by: ModelBy | None = None
    hand_dir: Path | None = None
    record: Path | None = None
    replay: Path | None = None
    customer_by: ModelBy | None = None

    @property
    def needs_this_process(self) -> bool:
        """Whether the running stack cannot be asked: its models are end points."""
        return any((self.model_by, self.record, self.replay))

    @property
    def typed(self) -> bool:
        """Whether somebody sits at the terminal: one conversation after the other."""
        return ModelBy.HAND in (self.model_by, self.customer_by) and self.hand_dir is None

    def in_process(
        self, endpoint: str, model: str, api_key: str, prices: Prices, *, stream: bool
    ) -> InProcess:
        """How it is evaluated in this process. Raises ``InvalidInputError`` for options that exclude each
        other.
        """
        self._check(endpoint, api_key)
        if self.replay is not None:
            replayer = Replayer(self.replay)
            choice = ModelChoice("", replayer.model, "", *prices, stream)
            return InProcess(choice, replayer, listeners=[replayer], names=replayer.names)
        if self.model_by is None:
            choice = model_choice(endpoint, model, api_key, prices, stream=stream)
            if self.record is None:
                return InProcess(choice)
            if choice.simulated:
                raise InvalidInputError(
                    "--record keeps a model's answers: name --endpoint or --model-by"
                )
            return self._recorded(choice, Forwarded(endpoint, _key(api_key)))
        choice = ModelChoice("", model or str(self.model_by), "", *prices, stream)
        return self._recorded(choice, self._player(choice.model))

    def _recorded(self, choice: ModelChoice, player: Player) -> InProcess:
        listeners: list[Listener] = [player] if isinstance(player, ByFiles) else []
        if self.record is not None:
            player = Recorder(player, self.record, choice.model)
            listeners.append(player)
        patient = self.model_by is ModelBy.HAND
        if self.model_by is not ModelBy.CARELESS:
            return InProcess(choice, player, patient, listeners)
        plays = partial(scripted, lies=careless.LIES)
        return InProcess(choice, player, False, listeners, plays)

    def _player(self, name: str) -> Player:
        if self.model_by is ModelBy.CARELESS:
            return careless.Careless()
        return ByTerminal(name) if self.hand_dir is None else ByFiles(self.hand_dir, name)

    def _check(self, endpoint: str, api_key: str) -> None:
        if self.hand_dir is not None and ModelBy.HAND not in (self.model_by, self.customer_by):
            raise InvalidInputError("--hand-dir belongs to --model-by hand, or --customer-by hand")
        if self.replay is not None and (self.record or self.model_by or endpoint):
            raise InvalidInputError("--replay needs no model, and there is nothing new to record")
        if self.model_by is not None and (endpoint or api_key):
            raise InvalidInputError("--model-by takes the place of --endpoint and --api-key")


@dataclass(frozen=True, slots=True)
class CustomerBy:
    """The options that say who plays the customer, and judges. Like those of the model."""

    by: ModelBy | None = None
    endpoint: str = ""
    model: str = ""
    api_key: str = ""
    judges: bool = True

    def acting(self, personas: Sequence[Persona], model: AnswersBy, found: InProcess) -> InProcess:
        """``found`` with personas in place of scripts. Raises ``InvalidInputError`` where nobody plays."""
        listeners = list(found.listeners)
        player = self._player(model, found)
        if model.record is not None and not isinstance(found.player, Replayer):
            player = Recorder(player, model.record, self.model or str(self.by))
            listeners.append(player)
        acting = Acting(
            {persona.scenario().name: persona for persona in personas}, player,
            player if self.judges else None,
        )  # fmt: skip
        patient = found.patient or self.by is ModelBy.HAND
        return replace(found, plays=acting, listeners=listeners, patient=patient)

    def _player(self, model: AnswersBy, found: InProcess) -> Player:
        if isinstance(found.player, Replayer):
            return found.player
        if self.by is ModelBy.HAND:
            return ByTerminal("hand") if model.hand_dir is None else ByFiles(model.hand_dir, "hand")
        if not self.endpoint:
            raise InvalidInputError("--personas needs --customer-endpoint, or --customer-by hand")
        model_choice(self.endpoint, self.model, self.api_key, (0, 0), stream=False)
        return Named(Forwarded(self.endpoint, _key(self.api_key)), self.model)


def _key(api_key: str) -> str:
    name = api_key.removeprefix("env:")
    try:
        return os.environ[name]
    except KeyError:
        raise InvalidInputError(f"--api-key names the variable {name}, which is not set") from None
