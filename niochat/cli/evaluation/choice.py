"""What is evaluated: an end point's model, the sandbox's, or somebody who answers as the model."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from niochat.cli.evaluation.inprocess.playing import Ended, InProcess
from niochat.cli.evaluation.models.by_files import ByFiles
from niochat.cli.evaluation.models.by_terminal import ByTerminal
from niochat.cli.evaluation.models.endpoint import Player
from niochat.cli.evaluation.tenants import ModelChoice
from niochat.domain.errors import Invalid

Prices = tuple[float, float]


class ModelBy(StrEnum):
    """Who answers as the model."""

    HAND = "hand"


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
    """The options that say so. ``hand_dir``: by files there."""

    model_by: ModelBy | None = None
    hand_dir: Path | None = None

    @property
    def somebody(self) -> bool:
        """Whether it is not an end point's model, nor the sandbox's."""
        return self.model_by is not None

    def in_process(
        self, endpoint: str, model: str, api_key: str, prices: Prices, *, stream: bool
    ) -> InProcess:
        """How it is evaluated in this process. Raises ``Invalid`` for options that exclude each
        other.
        """
        if self.hand_dir is not None and self.model_by is not ModelBy.HAND:
            raise Invalid("--hand-dir belongs to --model-by hand")
        if not self.somebody:
            return InProcess(model_choice(endpoint, model, api_key, prices, stream=stream))
        if endpoint or api_key:
            raise Invalid("--model-by takes the place of --endpoint and --api-key")
        name = model or str(self.model_by)
        player = self._player(name)
        hears: list[Ended] = [player] if isinstance(player, ByFiles) else []
        choice = ModelChoice("", name, "", *prices, stream)
        return InProcess(choice, player, patient=self.model_by is ModelBy.HAND, hears=hears)

    def _player(self, name: str) -> Player:
        if self.hand_dir is not None:
            return ByFiles(self.hand_dir, name)
        return ByTerminal(name)
