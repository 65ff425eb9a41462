"""Files of conversations, as people read them: names instead of ids, and local times."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from niochat.domain.conversation.state import ConversationPriority, ConversationStatus
from niochat.insights.report_files.report_labels import ReportLanguage
from niochat.insights.reports.report_request import ReportNames

_COLUMNS: Mapping[str, tuple[str, str]] = {
    "protocol": ("Protocolo", "Protocol"),
    "status": ("Situação", "Status"),
    "opened_at": ("Aberto em", "Opened at"),
    "resolved_at": ("Encerrado em", "Resolved at"),
    "channel": ("Canal", "Channel"),
    "team": ("Equipe", "Team"),
    "agent": ("Atendente", "Agent"),
    "contact": ("Contato", "Contact"),
    "phone": ("Telefone", "Phone"),
    "priority": ("Prioridade", "Priority"),
    "labels": ("Etiquetas", "Labels"),
    "rating_score": ("Nota", "Rating"),
}
"""By column of ``shown_conversations``: its header in Portuguese and English."""
STATUSES: Mapping[str, tuple[str, str]] = {
    ConversationStatus.PENDING: ("Com IA", "With AI"),
    ConversationStatus.WAITING: ("Em espera", "Waiting"),
    ConversationStatus.OPEN: ("Em atendimento", "In progress"),
    ConversationStatus.SNOOZED: ("Adiada", "Snoozed"),
    ConversationStatus.RESOLVED: ("Encerrada", "Resolved"),
}
PRIORITIES: Mapping[int, tuple[str, str]] = {
    ConversationPriority.LOW: ("Baixa", "Low"),
    ConversationPriority.NORMAL: ("Normal", "Normal"),
    ConversationPriority.HIGH: ("Alta", "High"),
    ConversationPriority.URGENT: ("Urgente", "Urgent"),
}
"""The desk has the same words (``frontend/src/shared/locales``)."""


@dataclass(frozen=True, slots=True)
class ConversationTable:
    """The header and the cells of conversations, in the language of the reader."""

    names: ReportNames
    language: ReportLanguage

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return [texts[self._side] for texts in _COLUMNS.values()]

    def cells(self, rows: Iterable[Mapping[str, Any]]) -> list[list[object]]:
        """Rows of ``shown_conversations`` as cells; times are local ones with their offset."""
        return [[self._cell(name, row[name]) for name in _COLUMNS] for row in rows]

    def text_cells(self, rows: Iterable[Mapping[str, Any]]) -> list[Sequence[object]]:
        """The same for CSV, where a spreadsheet must recognise a time in its text."""
        return [
            [f"{each:%Y-%m-%d %H:%M:%S}" if isinstance(each, datetime) else each for each in row]
            for row in self.cells(rows)
        ]

    @property
    def _side(self) -> int:
        return 0 if self.language == "pt" else 1

    def _cell(self, name: str, value: Any) -> object:
        if value is None:
            return None
        if name == "status":
            return STATUSES[value][self._side]
        if name == "priority":
            return PRIORITIES[value][self._side]
        if name == "team":
            return self.names.teams.get(value, value)
        if name == "agent":
            return self.names.agents.get(value, value)
        return value.astimezone(self.names.zone) if isinstance(value, datetime) else value
