"""An alert rule, and how an alert begins and ends while the measured value moves."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from niochat.domain.alerts.alert_kinds import ALERT_KINDS, AlertKind
from niochat.domain.errors import InvalidInputError

MIN_WINDOW_MINUTES, MAX_WINDOW_MINUTES = 5, 7 * 24 * 60
MAX_HOLD_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class AlertRule:
    """When to alert. Raises ``InvalidInputError`` (``bad_alert_rule``) if the values do not fit.

    A value at or beyond ``threshold`` for ``hold_minutes`` begins an alert; one at or on the good
    side of ``clear_threshold`` for as long ends it. A value between both changes nothing, so that
    one that wavers around the threshold does not alert again and again.
    """

    kind: AlertKind
    threshold: float
    clear_threshold: float
    hold_minutes: int = 5
    window_minutes: int | None = None
    team: str | None = None
    quiet_from: time | None = None
    """From this local time on nobody is told, until ``quiet_until``; an alert that still lasts then
    is told. ``None``: no quiet time.
    """
    quiet_until: time | None = None

    def __post_init__(self) -> None:
        traits = ALERT_KINDS[self.kind]
        for name in ("threshold", "clear_threshold"):
            least = 0.0 if name == "clear_threshold" else traits.least
            if not least <= getattr(self, name) <= traits.most:
                raise _bad(f"{name} must be between {least:g} and {traits.most:g}")
        good, bad = self.clear_threshold, self.threshold
        if good < bad if traits.below else good > bad:
            side = "at least" if traits.below else "at most"
            raise _bad(f"clear_threshold must be {side} the threshold")
        if not 0 <= self.hold_minutes <= MAX_HOLD_MINUTES:
            raise _bad(f"hold_minutes must be between 0 and {MAX_HOLD_MINUTES}")
        self._check_window(traits.windowed)
        if self.team is not None and not traits.by_team:
            raise _bad(f"{self.kind} cannot be limited to a team: leave team out")
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise _bad("send both quiet_from and quiet_until, or none of them")
        if self.quiet_from is not None and self.quiet_from == self.quiet_until:
            raise _bad("quiet_from and quiet_until are equal: nobody would ever be told")

    def _check_window(self, windowed: bool) -> None:
        if windowed != (self.window_minutes is not None):
            word = "needs" if windowed else "has no"
            raise _bad(f"{self.kind} {word} window_minutes")
        if self.window_minutes is not None and not (
            MIN_WINDOW_MINUTES <= self.window_minutes <= MAX_WINDOW_MINUTES
        ):
            raise _bad(
                f"window_minutes must be between {MIN_WINDOW_MINUTES} and {MAX_WINDOW_MINUTES}"
            )

    def is_bad(self, value: float) -> bool:
        """Whether the value is at or beyond the threshold."""
        return value <= self.threshold if self._below else value >= self.threshold

    def is_good(self, value: float) -> bool:
        """Whether the value is so good that an alert may end. A value cannot be both."""
        if self.is_bad(value):
            return False
        return value >= self.clear_threshold if self._below else value <= self.clear_threshold

    def is_worse(self, value: float, other: float) -> bool:
        """Whether ``value`` is worse than ``other``."""
        return value < other if self._below else value > other

    def is_quiet(self, local: time) -> bool:
        """Whether nobody is told at this local time."""
        if self.quiet_from is None or self.quiet_until is None:
            return False
        if self.quiet_from < self.quiet_until:
            return self.quiet_from <= local < self.quiet_until
        return local >= self.quiet_from or local < self.quiet_until

    @property
    def _below(self) -> bool:
        return ALERT_KINDS[self.kind].below


def _bad(reason: str) -> InvalidInputError:
    return InvalidInputError(f"The alert rule is not valid: {reason}.", code="bad_alert_rule")


class AlertChange(StrEnum):
    """What a value has led to."""

    STARTED = "started"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class AlertProgress:
    """How far a rule is. ``bad_since`` and ``good_since`` are set while the value is at or beyond
    the threshold, or good again; ``worst`` is the worst value of the alert that lasts.
    """

    active: bool = False
    bad_since: datetime | None = None
    good_since: datetime | None = None
    worst: float | None = None


def advance(
    rule: AlertRule, progress: AlertProgress, value: float | None, now: datetime
) -> tuple[AlertProgress, AlertChange | None]:
    """Returns the progress after a value that was measured at ``now``, and what it has led to.

    ``None`` is a value that is not known, for instance of nothing measured: it neither begins nor
    ends an alert, and time for which nothing was known does not count as bad or good.
    """
    if value is None:
        return replace(progress, bad_since=None, good_since=None), None
    bad_since = (progress.bad_since or now) if rule.is_bad(value) else None
    good_since = (progress.good_since or now) if rule.is_good(value) else None
    hold = timedelta(minutes=rule.hold_minutes)
    if not progress.active:
        if bad_since is not None and now - bad_since >= hold:
            return AlertProgress(True, bad_since, None, value), AlertChange.STARTED
        return AlertProgress(False, bad_since, None, None), None
    if good_since is not None and now - good_since >= hold:
        return AlertProgress(), AlertChange.ENDED
    worst = progress.worst
    if worst is None or rule.is_worse(value, worst):
        worst = value
    return AlertProgress(True, bad_since, good_since, worst), None
