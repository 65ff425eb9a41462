"""What people are told about an alert, in Portuguese."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from niochat.domain.alerts.alert_kinds import ALERT_KINDS, AlertKind

_KINDS = {
    AlertKind.QUEUE_LONG: "Fila grande",
    AlertKind.WAIT_LONG: "Espera longa na fila",
    AlertKind.FIRST_ANSWER_SLOW: "Primeira resposta humana demorada",
    AlertKind.RATING_LOW: "Avaliação baixa",
    AlertKind.CHANNEL_DOWN: "Canal desconectado",
    AlertKind.CHANNEL_SILENT: "Canal mais quieto do que de costume",
    AlertKind.ASSISTANT_FAILING: "IA com falhas",
    AlertKind.ERP_FAILING: "ERP sem resposta",
    AlertKind.COST_HIGH: "Gasto da IA perto do limite",
}
_UNITS = {
    AlertKind.QUEUE_LONG: "aguardando",
    AlertKind.WAIT_LONG: "min",
    AlertKind.FIRST_ANSWER_SLOW: "min",
    AlertKind.RATING_LOW: "de 5",
    AlertKind.CHANNEL_DOWN: "min",
    AlertKind.CHANNEL_SILENT: "% do normal",
    AlertKind.ASSISTANT_FAILING: "%",
    AlertKind.ERP_FAILING: "%",
    AlertKind.COST_HIGH: "hoje, na moeda dos preços do modelo",
}


def alert_subject(notice: Mapping[str, Any]) -> str:
    """The subject of a mail."""
    word = "Alerta" if notice["change"] == "started" else "Fim do alerta"
    return f"{word}: {notice['name']} ({notice['provider']})"


def alert_text(notice: Mapping[str, Any], page_url: str) -> str:
    """The text of a mail. ``notice`` is a row of ``claim_notices``."""
    kind = AlertKind(notice["kind"])
    zone = ZoneInfo(notice["timezone"])
    limit = "no máximo" if ALERT_KINDS[kind].below else "a partir de"
    team = f", equipe {notice['team']}" if notice["team"] else ""
    lines = [
        f"{_KINDS[kind]}{team}",
        "",
        f"Valor: {format_alert_value(kind, notice['value'])}",
        f"Limite da regra: {limit} {format_alert_value(kind, notice['threshold'])}",
        f"Começou: {_local(notice['started_at'], zone)}",
    ]
    if notice["change"] == "ended":
        lines += [
            f"Terminou: {_local(notice['ended_at'], zone)}",
            f"Pior valor: {format_alert_value(kind, notice['worst'])}",
        ]
    lines += ["", f"Veja no painel: {page_url}"]
    return "\n".join(lines) + "\n"


def format_alert_value(kind: AlertKind, value: float) -> str:
    """A value with its unit: ``12,5 min``."""
    number = f"{value:.2f}".rstrip("0").rstrip(".").replace(".", ",")
    return f"{number} {_UNITS[kind]}"


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%d/%m/%Y %H:%M}"
