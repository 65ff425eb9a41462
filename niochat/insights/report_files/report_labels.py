"""Names of rows and values of reports, as their readers know them: in Portuguese and English."""

import re
from datetime import date, datetime
from typing import Literal

from niochat.insights.reports.metric_catalog import MetricUnit, ReportGrouping, ReportMetric

ReportLanguage = Literal["pt", "en"]

NOTHING = "–"
"""Where there was nothing to measure: an average of nothing is not 0."""
HANDOFF_REASONS = {
    "asked_for_human": ("Pediu uma pessoa", "Asked for a person"),
    "cancellation": ("Falou em cancelamento", "Spoke of cancelling"),
    "complaint_body": ("Falou em Procon, Anatel ou Justiça", "Spoke of Procon, Anatel or a court"),
    "anger": ("Insatisfação", "Dissatisfied"),
    "assistant_transfer": ("Decisão da IA", "The AI decided so"),
    "ticket_opened": ("Chamado técnico aberto", "Technical ticket opened"),
    "plan_wanted": ("Quer um plano", "Wants a plan"),
    "change_request": ("Mudança no contrato", "Change of the contract"),
    "bot_loop": ("Parece um robô do outro lado", "Seems to be a robot"),
    "turn_limit": ("Muitas respostas em uma hora", "Many replies in an hour"),
    "cost_limit": ("Limite de custo por hora", "Limit of cost per hour"),
    "people_there": ("A equipe voltou", "The team is back"),
    "agent": ("Atendente assumiu", "An agent took over"),
    "operator": ("Operador passou para a equipe", "An operator called the team"),
    "send_failed": ("Mensagem recusada pelo WhatsApp", "Message refused by WhatsApp"),
    "command_parked": ("Evento não processado", "Event not processed"),
    "takeover": ("Atendente assumiu", "An agent took over"),
    "phone": ("Resposta pelo celular", "Answered by phone"),
    "no_assistant": ("Sem assistente", "No assistant"),
    "assistant_disabled": ("Assistente desligado", "Assistant switched off"),
    "model_timeout": ("Modelo não respondeu a tempo", "Model did not answer in time"),
    "model_rate_limited": ("Limite do modelo atingido", "Limit of the model reached"),
    "model_unauthorized": ("Modelo recusou a chave", "Model refused the key"),
    "model_unreachable": ("Modelo inacessível", "Model unreachable"),
    "model_empty": ("Modelo respondeu vazio", "Model answered nothing"),
    "model_context": ("Conversa longa demais para o modelo", "Too long for the model"),
    "model_filtered": ("Conteúdo barrado pelo modelo", "Content blocked by the model"),
    "model_refused": ("Modelo se negou a responder", "Model declined to answer"),
    "model_length": ("Resposta longa demais", "Answer too long"),
    "model_quota": ("Crédito do modelo acabou", "Credit of the model used up"),
    "model_malformed": ("Resposta do modelo ilegível", "Answer of the model unreadable"),
    "model_failed": ("Modelo falhou", "Model failed"),
    "model_bad_call": ("Uso errado de ferramenta", "Wrong use of a tool"),
    "model_untrue": ("Resposta sem prova recusada", "Unproven answer refused"),
    "model_loop": ("Modelo não concluiu", "Model did not finish"),
    "turn_timed_out": ("IA passou do tempo", "AI took too long"),
    "turn_lost": ("Processo da IA caiu", "Process of the AI ended"),
}
"""By stored word: Portuguese, English; the desk has the same
(``frontend/src/features/reports/locales``).
"""
CONTACT_REASONS = {
    "invoice": ("Fatura ou segunda via", "Invoice"),
    "no_internet": ("Sem internet", "No internet"),
    "slow_internet": ("Internet lenta", "Slow internet"),
    "unlock": ("Desbloqueio", "Unlock"),
    "service_order": ("Chamado técnico", "Service order"),
    "plans": ("Planos e contratação", "Plans and sales"),
    "change_request": ("Mudança no contrato", "Change of the contract"),
    "other": ("Outro assunto", "Something else"),
}
SERVED_BY = {
    "assistant": ("Só a IA", "The AI alone"),
    "people": ("Com pessoas", "With people"),
}
MESSAGE_AUTHORS = {
    "assistant": ("IA", "AI"),
    "agent": ("Atendente", "Agent"),
    "system": ("Sistema", "System"),
}
PAUSE_REASONS = {
    "lunch": ("Almoço", "Lunch"),
    "rest": ("Descanso", "Rest"),
    "training": ("Treinamento", "Training"),
    "meeting": ("Reunião", "Meeting"),
    "personal": ("Pessoal", "Personal"),
}
"""Those of a provider that has set none; others have names of their own."""
DELIVERY_FAILURES = {
    "unknown": ("Motivo não informado", "No reason given"),
    "said_again": ("Substituída por outro envio", "Replaced by another send"),
    "gateway": ("Recusada pelo gateway ({{status}})", "Refused by the gateway ({{status}})"),
    "gateway_unsupported": ("Tipo de mensagem não aceito", "Kind of message not supported"),
}
SLA_TARGETS = {
    "first_answer": ("primeira resposta", "first answer"),
    "next_answer": ("próxima resposta", "next answer"),
    "resolution": ("resolução", "resolution"),
}
"""The same for the targets of SLA policies (``frontend/src/shared/locales``)."""
_GATEWAY_FAILURE = re.compile(r"gateway_(\d{3})")
GROUPING_LABELS: dict[ReportLanguage, dict[ReportGrouping, str]] = {
    "pt": {
        ReportGrouping.NONE: "Total",
        ReportGrouping.HOUR: "Hora",
        ReportGrouping.DAY: "Dia",
        ReportGrouping.WEEKDAY_HOUR: "Dia da semana e hora",
        ReportGrouping.TEAM: "Equipe",
        ReportGrouping.AGENT: "Atendente",
        ReportGrouping.CHANNEL: "Canal",
        ReportGrouping.LABEL: "Etiqueta",
        ReportGrouping.HANDOFF_REASON: "Motivo da passagem",
        ReportGrouping.CONTACT_REASON: "Motivo do contato",
        ReportGrouping.SERVED_BY: "Atendido por",
        ReportGrouping.MESSAGE_AUTHOR: "Enviada por",
        ReportGrouping.DELIVERY_FAILURE: "Motivo da falha",
        ReportGrouping.PAUSE_REASON: "Motivo da pausa",
        ReportGrouping.SLA_POLICY: "Política de SLA",
        ReportGrouping.SLA_TARGET: "Prazo",
    },
    "en": {
        ReportGrouping.NONE: "Total",
        ReportGrouping.HOUR: "Hour",
        ReportGrouping.DAY: "Day",
        ReportGrouping.WEEKDAY_HOUR: "Weekday and hour",
        ReportGrouping.TEAM: "Team",
        ReportGrouping.AGENT: "Agent",
        ReportGrouping.CHANNEL: "Channel",
        ReportGrouping.LABEL: "Label",
        ReportGrouping.HANDOFF_REASON: "Handoff reason",
        ReportGrouping.CONTACT_REASON: "Contact reason",
        ReportGrouping.SERVED_BY: "Served by",
        ReportGrouping.MESSAGE_AUTHOR: "Sent by",
        ReportGrouping.DELIVERY_FAILURE: "Failure reason",
        ReportGrouping.PAUSE_REASON: "Reason for the pause",
        ReportGrouping.SLA_POLICY: "SLA policy",
        ReportGrouping.SLA_TARGET: "Target",
    },
}
PERIOD_BEFORE: dict[ReportLanguage, str] = {"pt": "período anterior", "en": "period before"}
REPORT_TITLE: dict[ReportLanguage, str] = {"pt": "Relatório", "en": "Report"}
_KEY_LABELS = {
    ReportGrouping.HANDOFF_REASON: HANDOFF_REASONS,
    ReportGrouping.CONTACT_REASON: CONTACT_REASONS,
    ReportGrouping.SERVED_BY: SERVED_BY,
    ReportGrouping.MESSAGE_AUTHOR: MESSAGE_AUTHORS,
    ReportGrouping.DELIVERY_FAILURE: DELIVERY_FAILURES,
    ReportGrouping.PAUSE_REASON: PAUSE_REASONS,
    ReportGrouping.SLA_TARGET: SLA_TARGETS,
}
_WITHOUT = {
    ReportGrouping.TEAM: ("Sem equipe", "Without team"),
    ReportGrouping.AGENT: ("Sem atendente", "Without agent"),
    ReportGrouping.CONTACT_REASON: ("Sem motivo conhecido", "No known reason"),
    ReportGrouping.PAUSE_REASON: ("Sem motivo", "No reason"),
}
_WEEKDAYS = (
    ("seg", "ter", "qua", "qui", "sex", "sáb", "dom"),
    ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
)
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def row_label(grouping: ReportGrouping, key: str, name: str, language: ReportLanguage) -> str:
    """What a row stands for, such as ``seg 24/11`` or the name of a team. ``key`` and ``name`` are
    those of a ``ReportRow``.
    """
    column = _column(language)
    if grouping is ReportGrouping.NONE:
        return "Total"
    if grouping is ReportGrouping.DAY:
        day = date.fromisoformat(key)
        return f"{_WEEKDAYS[column][day.weekday()]} {_day(day, language)}"
    if grouping is ReportGrouping.HOUR:
        hour = datetime.fromisoformat(key)
        return f"{_day(hour, language)} {hour:%H:%M}"
    if grouping is ReportGrouping.WEEKDAY_HOUR:
        weekday, hour_text = key.split("-")
        return f"{_WEEKDAYS[column][int(weekday) - 1]} {hour_text}h"
    if name in (key, "") and key in _KEY_LABELS.get(grouping, {}):
        return _KEY_LABELS[grouping][key][column]
    if not key and grouping in _WITHOUT:
        return _WITHOUT[grouping][column]
    if grouping is ReportGrouping.DELIVERY_FAILURE and (match := _GATEWAY_FAILURE.fullmatch(key)):
        return DELIVERY_FAILURES["gateway"][column].replace("{{status}}", match[1])
    return name or key


def metric_label(metric: ReportMetric, language: ReportLanguage) -> str:
    """The name of a metric."""
    return metric.text.label_pt if language == "pt" else metric.text.label_en


def format_value(value: float | None, unit: MetricUnit, language: ReportLanguage) -> str:
    """A value with its unit, as the desk shows it."""
    if value is None:
        return NOTHING
    if unit is MetricUnit.COUNT:
        return format_number(value, 0, language)
    if unit is MetricUnit.PERCENT:
        return f"{format_number(value, 1, language)}%"
    if unit is MetricUnit.CURRENCY:
        return f"R$ {format_number(value, 2 if value >= 1 or value == 0 else 4, language)}"
    if unit is MetricUnit.SCORE:
        return format_number(value, 2, language)
    return _format_seconds(value, language)


def format_number(value: float, decimals: int, language: ReportLanguage) -> str:
    """``1.234,5`` in Portuguese, ``1,234.5`` in English."""
    text = f"{value:,.{decimals}f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "pt" else text


def format_day(day: date, language: ReportLanguage) -> str:
    """``24/11/2026`` in Portuguese, ``2026-11-24`` in English."""
    return f"{day:%d/%m/%Y}" if language == "pt" else f"{day:%Y-%m-%d}"


def _day(day: date, language: ReportLanguage) -> str:
    return f"{day:%d/%m}" if language == "pt" else f"{day:%m-%d}"


def _column(language: ReportLanguage) -> int:
    return 0 if language == "pt" else 1


def _format_seconds(seconds: float, language: ReportLanguage) -> str:
    """The two largest units: ``6,8 s``, ``5 min 20 s``, ``1 h 20 min``, ``2 d 3 h``."""
    if seconds < 10 and seconds != round(seconds):
        return f"{format_number(seconds, 1, language)} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _pair(whole, _MINUTE, "min", 1, "s")
    # Rounded to the smaller unit first: 59 min 59 s is "1 h", never "60 min".
    minutes = round(whole / _MINUTE) * _MINUTE
    if minutes < _DAY:
        return _pair(minutes, _HOUR, "h", _MINUTE, "min")
    return _pair(round(whole / _HOUR) * _HOUR, _DAY, "d", _HOUR, "h")


def _pair(time: int, large: int, name: str, small: int, small_name: str) -> str:
    rest = time % large // small
    first = f"{time // large} {name}"
    return f"{first} {rest} {small_name}" if rest else first
