"""Labels and definitions of metrics, in Portuguese and English."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MetricText:
    """The label and the definition in Portuguese, then in English."""

    label_pt: str
    definition_pt: str
    label_en: str
    definition_en: str


_HOURS_PT = "Com o horário comercial ligado, conta só o tempo dentro dele."
_HOURS_EN = "With business hours on, only the time within them counts."
_ROUGHLY_PT = "Acima de 20.000 atendimentos, o erro é de até 1%."
_ROUGHLY_EN = "With more than 20,000 conversations, it is up to 1% off."


def _time(label_pt: str, pt: str, label_en: str, en: str) -> MetricText:
    return MetricText(label_pt, f"{pt} {_HOURS_PT}", label_en, f"{en} {_HOURS_EN}")


def _duration_quantile(label_pt: str, pt: str, label_en: str, en: str) -> MetricText:
    return _time(label_pt, f"{pt} {_ROUGHLY_PT}", label_en, f"{en} {_ROUGHLY_EN}")


_FIRST_PT = (
    "da primeira mensagem do cliente até a primeira resposta de qualquer um: assistente, atendente "
    "ou celular do provedor. O tempo adiado não conta."
)
_FIRST_EN = (
    "from the customer's first message to the first answer of anybody: assistant, agent or the "
    "provider's phone. Snoozed time does not count."
)
_HUMAN_PT = (
    "do momento em que o cliente passou a esperar por pessoas (passagem pelo assistente, "
    "transferência ou mensagem a quem já o atende) até a primeira resposta de uma pessoa. O tempo "
    "com o assistente e o tempo adiado não contam."
)
_HUMAN_EN = (
    "from the moment at which the customer began to wait for people (handoff, transfer, or a "
    "message to people) to the first answer of a person. Time with the assistant and snoozed time "
    "do not count."
)
_RESOLUTION_PT = (
    "da abertura até o encerramento, sem os intervalos em que o atendimento esteve encerrado."
)
_RESOLUTION_EN = "from opening to resolution, without the breaks in which it was resolved."

METRIC_TEXTS: Mapping[str, MetricText] = {
    "conversations": MetricText(
        "Atendimentos",
        "Atendimentos abertos no período. Atendimentos unificados contam uma vez.",
        "Conversations",
        "Conversations opened in the period. Merged conversations count once.",
    ),
    "opened_outside_hours": MetricText(
        "Abertos fora do horário",
        "Atendimentos abertos fora do horário comercial.",
        "Opened outside business hours",
        "Conversations opened outside business hours.",
    ),
    "served_after_hours": MetricText(
        "Atendidos fora do horário",
        "Atendimentos de pessoas em que o assistente respondeu com o provedor fechado.",
        "Served after hours",
        "Conversations of people in which the assistant served while the provider was closed.",
    ),
    "resolved": MetricText(
        "Encerrados",
        "Atendimentos abertos no período que estão encerrados.",
        "Resolved",
        "Conversations opened in the period that are resolved.",
    ),
    "resolution_rate": MetricText(
        "Taxa de encerramento",
        "Parte dos atendimentos abertos no período que está encerrada.",
        "Resolution rate",
        "The part of the conversations opened in the period that is resolved.",
    ),
    "resolved_by_agents": MetricText(
        "Encerrados por atendentes",
        "Atendimentos que uma pessoa encerrou.",
        "Resolved by agents",
        "Conversations that a person resolved.",
    ),
    "resolved_by_inactivity": MetricText(
        "Encerrados por silêncio",
        "Atendimentos encerrados porque o cliente não respondeu mais.",
        "Resolved by inactivity",
        "Conversations that ended because the customer did not reply any more.",
    ),
    "solved_by_assistant": MetricText(
        "Resolvidos pelo assistente",
        "Atendimentos que terminaram sem que uma pessoa ou fila os tivesse em nenhum momento.",
        "Solved by the assistant",
        "Conversations that ended without a person or a queue ever having them.",
    ),
    "assistant_share": MetricText(
        "Parte resolvida pelo assistente",
        "Atendimentos resolvidos pelo assistente entre os encerrados.",
        "Share solved by the assistant",
        "Conversations solved by the assistant among the resolved ones.",
    ),
    "with_people": MetricText(
        "Com pessoas",
        "Atendimentos que uma fila ou um atendente teve.",
        "With people",
        "Conversations that a queue or an agent had.",
    ),
    "people_share": MetricText(
        "Parte com pessoas",
        "Parte dos atendimentos que uma fila ou um atendente teve.",
        "Share with people",
        "The part of the conversations that a queue or an agent had.",
    ),
    "handoffs": MetricText(
        "Passagens para a equipe",
        "Quantas vezes o assistente passou um atendimento para uma equipe.",
        "Handoffs",
        "How often a conversation went from the assistant to a team.",
    ),
    "transfers": MetricText(
        "Transferências",
        "Quantas vezes uma pessoa transferiu um atendimento.",
        "Transfers",
        "How often a person transferred a conversation.",
    ),
    "offline_returns": MetricText(
        "Devolvidos por ausência",
        "Quantas vezes um atendimento voltou à fila porque o atendente ficou ausente.",
        "Returned while offline",
        "How often a conversation returned to its queue because its agent went offline.",
    ),
    "reopened": MetricText(
        "Reaberturas",
        "Quantas vezes uma pessoa reabriu um atendimento encerrado.",
        "Reopenings",
        "How often a person reopened a resolved conversation.",
    ),
    "first_answer_time": _time(
        "Tempo da primeira resposta",
        f"Tempo médio {_FIRST_PT}",
        "First answer time",
        f"Average time {_FIRST_EN}",
    ),
    "first_answer_p50": _duration_quantile(
        "Primeira resposta (mediana)",
        f"Mediana do tempo {_FIRST_PT}",
        "First answer (median)",
        f"Median time {_FIRST_EN}",
    ),
    "first_answer_p90": _duration_quantile(
        "Primeira resposta (90%)",
        f"Nove em cada dez são mais rápidos. Tempo {_FIRST_PT}",
        "First answer (90%)",
        f"Nine in ten are faster. Time {_FIRST_EN}",
    ),
    "first_human_answer_time": _time(
        "Tempo médio de espera (TME)",
        f"Tempo médio {_HUMAN_PT}",
        "First human answer time",
        f"Average time {_HUMAN_EN}",
    ),
    "first_human_answer_p50": _duration_quantile(
        "Primeira resposta de pessoa (mediana)",
        f"Mediana do tempo {_HUMAN_PT}",
        "First human answer (median)",
        f"Median time {_HUMAN_EN}",
    ),
    "first_human_answer_p90": _duration_quantile(
        "Primeira resposta de pessoa (90%)",
        f"Nove em cada dez são mais rápidos. Tempo {_HUMAN_PT}",
        "First human answer (90%)",
        f"Nine in ten are faster. Time {_HUMAN_EN}",
    ),
    "next_answer_time": _time(
        "Tempo das respostas seguintes",
        "Tempo médio que o cliente esperou por cada resposta de pessoa depois da primeira.",
        "Next answer time",
        "Average time that the customer waited for each answer of a person after the first one.",
    ),
    "resolution_time": _time(
        "Tempo até encerrar",
        f"Tempo médio {_RESOLUTION_PT}",
        "Resolution time",
        f"Average time {_RESOLUTION_EN}",
    ),
    "resolution_p50": _duration_quantile(
        "Tempo até encerrar (mediana)",
        f"Mediana do tempo {_RESOLUTION_PT}",
        "Resolution time (median)",
        f"Median time {_RESOLUTION_EN}",
    ),
    "resolution_p90": _duration_quantile(
        "Tempo até encerrar (90%)",
        f"Nove em cada dez são mais rápidos. Tempo {_RESOLUTION_PT}",
        "Resolution time (90%)",
        f"Nine in ten are faster. Time {_RESOLUTION_EN}",
    ),
    "assistant_time": _time(
        "Tempo com o assistente",
        "Tempo médio por atendimento em que ele esteve com o assistente.",
        "Time with the assistant",
        "Average time per conversation during which the assistant had it.",
    ),
    "waiting_time": _time(
        "Tempo em fila",
        "Tempo médio em espera na fila, dos atendimentos que pessoas tiveram.",
        "Time in the queue",
        "Average time in a queue, of conversations that people had.",
    ),
    "agent_time": _time(
        "Tempo médio de atendimento (TMA)",
        "Tempo médio com atendentes, dos atendimentos que pessoas tiveram.",
        "Time with agents",
        "Average time with agents, of conversations that people had.",
    ),
    "snoozed_time": _time(
        "Tempo adiado",
        "Tempo médio em que o atendimento esteve adiado, dos que pessoas tiveram.",
        "Snoozed time",
        "Average time during which the conversation was snoozed, of those that people had.",
    ),
    "answers": MetricText(
        "Respostas de pessoas",
        "Respostas de pessoas a clientes que esperavam. Por atendente: quem respondeu.",
        "Answers of people",
        "Answers of people to waiting customers. By agent: who answered.",
    ),
    "answer_time": _time(
        "Tempo por resposta",
        "Tempo médio que o cliente esperou por cada resposta de uma pessoa.",
        "Time per answer",
        "Average time that the customer waited for each answer of a person.",
    ),
    "answer_p90": _time(
        "Tempo por resposta (90%)",
        "Nove em cada dez respostas de pessoas vieram em menos tempo.",
        "Time per answer (90%)",
        "Nine in ten answers of people came faster.",
    ),
    "messages_customer": MetricText(
        "Mensagens de clientes",
        "Mensagens que clientes enviaram nesses atendimentos.",
        "Messages of customers",
        "Messages that customers sent in these conversations.",
    ),
    "messages_assistant": MetricText(
        "Mensagens do assistente",
        "Mensagens do assistente nesses atendimentos.",
        "Messages of the assistant",
        "Messages of the assistant in these conversations.",
    ),
    "messages_agent": MetricText(
        "Mensagens de atendentes",
        "Mensagens de atendentes nesses atendimentos, sem notas internas.",
        "Messages of agents",
        "Messages of agents in these conversations, without internal notes.",
    ),
    "messages_phone": MetricText(
        "Mensagens pelo celular",
        "Mensagens que alguém escreveu no celular do provedor.",
        "Messages by phone",
        "Messages that somebody wrote on the provider's own phone.",
    ),
    "messages_failed": MetricText(
        "Mensagens não entregues",
        "Mensagens cujo envio falhou e que não chegaram depois.",
        "Failed messages",
        "Messages whose sending failed and that did not arrive afterwards.",
    ),
    "ratings": MetricText(
        "Avaliações",
        "Atendimentos que o cliente avaliou.",
        "Ratings",
        "Conversations that the customer rated.",
    ),
    "rating": MetricText(
        "Nota média",
        "Média das notas dos clientes, de 1 a 5.",
        "Average rating",
        "Average of the customers' scores, from 1 to 5.",
    ),
    "assistant_confirmed": MetricText(
        "Confirmados",
        "Resolvidos pelo assistente em que o cliente encerrou com as próprias palavras ou houve "
        "uma alteração concluída no ERP.",
        "Confirmed",
        "Solved by the assistant, where the customer's own words ended it or a write to the ERP "
        "was done.",
    ),
    "assistant_assumed": MetricText(
        "Presumidos",
        "Resolvidos pelo assistente em que o cliente não voltou em 24 horas.",
        "Assumed",
        "Solved by the assistant, where the customer did not come back within 24 hours.",
    ),
    "assistant_durable": MetricText(
        "Duradouros",
        "Resolvidos pelo assistente em que o cliente não voltou em 72 horas.",
        "Durable",
        "Solved by the assistant, where the customer did not come back within 72 hours.",
    ),
    "assistant_returned": MetricText(
        "Voltaram",
        "Resolvidos pelo assistente em que o cliente voltou em menos de 72 horas.",
        "Returned",
        "Solved by the assistant, where the customer came back within 72 hours.",
    ),
    "turns": MetricText(
        "Turnos do assistente",
        "Turnos concluídos do assistente nesses atendimentos.",
        "Turns of the assistant",
        "Finished turns of the assistant in these conversations.",
    ),
    "turn_failure_rate": MetricText(
        "Turnos com falha",
        "Parte dos turnos concluídos que falhou.",
        "Failed turns",
        "The part of the finished turns that failed.",
    ),
    "tool_calls": MetricText(
        "Chamadas de ferramentas",
        "Chamadas de ferramentas guardadas nos turnos.",
        "Tool calls",
        "Tool calls that are stored with the turns.",
    ),
    "tokens": MetricText(
        "Tokens",
        "Tokens de entrada e de saída dos turnos.",
        "Tokens",
        "Tokens in and out of turns.",
    ),
    "cost": MetricText(
        "Custo do assistente",
        "Custo dos turnos, pelos preços do assistente.",
        "Cost of the assistant",
        "Cost of the turns, by the assistant's prices.",
    ),
    "cost_per_conversation": MetricText(
        "Custo por atendimento",
        "Custo dos turnos por atendimento em que houve turno.",
        "Cost per conversation",
        "Cost of the turns per conversation that had one.",
    ),
    "cost_per_solved": MetricText(
        "Custo por resolvido",
        "Custo de todos os turnos dividido pelos atendimentos que o assistente resolveu.",
        "Cost per solved conversation",
        "Cost of all turns divided by the conversations that the assistant solved.",
    ),
    "sla_met": MetricText(
        "SLA cumprido",
        "Prazos de SLA (primeira resposta, próxima resposta, resolução) cumpridos nos atendimentos "
        "abertos no período. Conta para a equipe, o atendente e as etiquetas do momento.",
        "SLA met",
        "SLA promises (first answer, next answer, resolution) that were kept in the conversations "
        "opened in the period. They count for the team, agent and labels of that moment.",
    ),
    "sla_breached": MetricText(
        "SLA estourado",
        "Prazos de SLA que passaram sem resposta ou resolução. Conta logo que o prazo passa, para "
        "a equipe, o atendente e as etiquetas daquele momento.",
        "SLA missed",
        "SLA promises whose time passed without an answer or resolution. They count as soon as the "
        "time has passed, for the team, agent and labels of that moment.",
    ),
    "sla_met_share": MetricText(
        "Cumprimento do SLA",
        "Prazos cumpridos divididos por todos os prazos decididos (cumpridos ou estourados). "
        "Prazos que ainda correm, ou que ninguém espera mais, não contam.",
        "SLA compliance",
        "Promises that were kept, divided by all that are decided (kept or missed). Promises that "
        "still run, or for which nobody waits any longer, do not count.",
    ),
    "online_time": MetricText(
        "Tempo disponível",
        "Tempo em que atendentes estiveram disponíveis no período.",
        "Online time",
        "Time during which agents were online in the period.",
    ),
    "away_time": MetricText(
        "Tempo em pausa",
        "Tempo em que atendentes estiveram em pausa no período.",
        "Away time",
        "Time during which agents were away in the period.",
    ),
    "channel_uptime": MetricText(
        "Disponibilidade do canal",
        "Parte do tempo, com situação conhecida, em que o canal esteve conectado.",
        "Channel uptime",
        "The part of the time with a known status during which the channel was connected.",
    ),
}
"""Texts by the name of the metric."""
