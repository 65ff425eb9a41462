"""What a tenant wants: the settings that decisions depend on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings of one tenant. Durations in seconds."""

    suspended: bool = False
    assistant_enabled: bool = True
    burst_window_s: float = 2.5
    """Messages of one customer within it make one turn."""
    burst_limit_s: float = 8.0
    """However much the customer writes, the turn starts after this."""
    phone_pause_s: float = 1800.0
    """How long the assistant keeps silent after a message typed on the provider's phone."""
    team: str = "atendimento"
    """Where conversations go that the assistant cannot keep."""
    unavailable_text: str = (
        "No momento não consigo responder por aqui. "
        "Já passei seu atendimento para a nossa equipe. Protocolo: {protocol}"
    )
    """Said once when the model is away; ``{protocol}`` is replaced."""

    @property
    def assistant_answers(self) -> bool:
        """Whether new conversations begin with the assistant."""
        return self.assistant_enabled and not self.suspended
