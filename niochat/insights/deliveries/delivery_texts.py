"""Labels and definitions of the metrics of deliveries, in Portuguese and English."""

from collections.abc import Mapping

from niochat.insights.reports.metric_texts import MetricText

DELIVERY_TEXTS: Mapping[str, MetricText] = {
    "messages_sent": MetricText(
        "Mensagens enviadas",
        "Mensagens da IA, dos atendentes e do sistema que entraram na fila de envio no período e "
        "que o WhatsApp aceitou.",
        "Messages sent",
        "Messages of the assistant, the agents and the system that were queued in the period and "
        "that WhatsApp accepted.",
    ),
    "messages_delivered": MetricText(
        "Mensagens entregues",
        "As que chegaram ao aparelho do cliente.",
        "Messages delivered",
        "Those that reached the customer's phone.",
    ),
    "delivery_rate": MetricText(
        "Entregues",
        "Entregues, de todas as enviadas.",
        "Delivered",
        "Delivered, of all that were sent.",
    ),
    "read_rate": MetricText(
        "Lidas",
        "Lidas, de todas as entregues. Quem desliga a confirmação de leitura conta como não lida.",
        "Read",
        "Read, of all that were delivered. Customers who turn read receipts off count as unread.",
    ),
    "delivery_failures": MetricText(
        "Falhas de envio",
        "Mensagens que entraram na fila no período, cujo envio falhou e que não chegaram depois.",
        "Failed sends",
        "Messages that were queued in the period, failed, and did not arrive afterwards.",
    ),
    "delivery_failure_rate": MetricText(
        "Taxa de falha de envio",
        "Falhas, de todas as mensagens que entraram na fila.",
        "Send failure rate",
        "Failures, of all messages that were queued.",
    ),
    "send_time": MetricText(
        "Tempo até o envio",
        "Média da fila até o WhatsApp aceitar a mensagem.",
        "Time to send",
        "Average from the queue until WhatsApp accepted the message.",
    ),
    "delivery_time": MetricText(
        "Tempo até a entrega",
        "Média da fila até a mensagem chegar ao aparelho do cliente. Espera se ele está desligado.",
        "Time to delivery",
        "Average from the queue until the message reached the customer's phone, which may be off.",
    ),
}
