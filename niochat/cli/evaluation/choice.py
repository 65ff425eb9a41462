"""What is evaluated: an end point's model, the sandbox's, or somebody who answers as the model."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from niochat.cli.evaluation.inprocess.playing import InProcess, Listener
from niochat.cli.evaluation.models import careless
from niochat.cli.evaluation.models.by_files import ByFiles
from niochat.cli.evaluation.models.by_terminal import ByTerminal
from niochat.cli.evaluation.models.endpoint import Player
from niochat.cli.evaluation.models.forwarded import Forwarded
from niochat.cli.evaluation.models.recording import Recorder, Replayer
from niochat.cli.evaluation.tenants import ModelChoice
from niochat.domain.errors import Invalid

Prices = tuple[float, float]


class ModelBy(StrEnum):
    """Who answers as the model."""

    HAND = "hand"
    CARELESS = "careless"


def model_choice(
    endpoint: str, model: str, api_key: str, prices: Prices, *, stream: bool
) -> ModelChoice:
    """What is evaluated. Raises ``Invalid`` for half of a choice, and for a key in plain sight."""
    if bool(endpoint) != bool(model) or (endpoint and not api_key):
        raise Invalid("--endpoint, --model and --api-key belong together")
    if api_key and not api_key.startswith("env:"):
        raise Invalid("--api-key takes env:NAME: a key on the command line is seen by others")
    return ModelChoice(endpoint, model, api_key, *prices, stream)


@dataclass(frozen=True, slots=True)
class AnswersBy:
    """The options that say who answers. ``hand_dir``: by files there."""

    model_by: ModelBy | None = None
    hand_dir: Path | None = None
    record: Path | None = None
    replay: Path | None = None

    @property
    def needs_this_process(self) -> bool:
        """Whether the running stack cannot be asked: its models are end points."""
        return any((self.model_by, self.record, self.replay))

    def in_process(
        self, endpoint: str, model: str, api_key: str, prices: Prices, *, stream: bool
    ) -> InProcess:
        """How it is evaluated in this process. Raises ``Invalid`` for options that exclude each
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
                raise Invalid("--record keeps a model's answers: name --endpoint or --model-by")
            return self._recorded(choice, Forwarded(endpoint, _key(api_key)))
        choice = ModelChoice("", model or str(self.model_by), "", *prices, stream)
        return self._recorded(choice, self._player(choice.model))

    def _recorded(self, choice: ModelChoice, player: Player) -> InProcess:
        listeners: list[Listener] = [player] if isinstance(player, ByFiles) else []
        if self.record is not None:
            player = Recorder(player, self.record, choice.model)
            listeners.append(player)
        patient = self.model_by is ModelBy.HAND
        lies = careless.LIES if self.model_by is ModelBy.CARELESS else None
        return InProcess(choice, player, patient, listeners, lies)

    def _player(self, name: str) -> Player:
        if self.model_by is ModelBy.CARELESS:
            return careless.Careless()
        return ByTerminal(name) if self.hand_dir is None else ByFiles(self.hand_dir, name)

    def _check(self, endpoint: str, api_key: str) -> None:
        if self.hand_dir is not None and self.model_by is not ModelBy.HAND:
            raise Invalid("--hand-dir belongs to --model-by hand")
        if self.replay is not None and (self.record or self.model_by or endpoint):
            raise Invalid("--replay needs no model, and there is nothing new to record")
        if self.model_by is not None and (endpoint or api_key):
            raise Invalid("--model-by takes the place of --endpoint and --api-key")


def _key(api_key: str) -> str:
    name = api_key.removeprefix("env:")
    try:
        return os.environ[name]
    except KeyError:
        raise Invalid(f"--api-key names the variable {name}, which is not set") from None
