"""The correction that the model gets for a rejected text: the sentence and the reason."""

from niochat.assistant.guardrail.promise_check import ACTION_PROMISE, TRANSFER_PROMISE
from niochat.assistant.text.masking import mask_text
from niochat.domain.text_validation import truncate_text

TRUNCATED_TEXT, TOO_LONG_TEXT, EMPTY_TEXT = "incompleto", "longo", "vazio"
_MAX_QUOTED_CHARS = 300
_FIGURE = (
    "traz {what} que nenhum resultado deste atendimento, nem o provedor, informou. Use só o que "
    "foi "
    "informado, ou deixe de fora"
)
_ACT = "afirma {what}, e nenhuma ferramenta disse isso neste atendimento"
_REASONS = {
    "valor": _FIGURE.format(what="um valor"),
    "data": _FIGURE.format(what="uma data"),
    "horario": _FIGURE.format(what="um horário"),
    "prazo": _FIGURE.format(what="um prazo"),
    "percentual": _FIGURE.format(what="um percentual"),
    "velocidade": _FIGURE.format(what="uma velocidade"),
    "numero": _FIGURE.format(what="um número"),
    "contagem": _FIGURE.format(what="uma quantidade"),
    "desbloqueio": _ACT.format(what="que o acesso foi liberado"),
    "chamado": _ACT.format(what="que um chamado foi aberto"),
    "visita": _ACT.format(what="uma visita marcada ou a caminho"),
    "envio": _ACT.format(what="que a fatura foi enviada"),
    "transferencia": _ACT.format(what="que o atendimento foi passado a alguém"),
    "pagamento": _ACT.format(what="um pagamento"),
    "sem_fatura": _ACT.format(what="que não há faturas em aberto"),
    "cancelamento": _ACT.format(what="um cancelamento"),
    "alteracao": _ACT.format(what="uma alteração que você não pode fazer"),
    "solicitacao": _ACT.format(what="que um pedido foi registrado"),
    "consulta": _ACT.format(what="uma consulta que não foi feita"),
    "foto": "diz o que há em um arquivo, e nenhum arquivo lido mostra isso",
    "interno": "mostra algo interno do sistema",
    "documento": "mostra um documento",
    "endereco": "mostra o endereço a quem não é o titular",
    "endereco_loja": "traz um endereço que o provedor não informou. Use só o informado",
    "funcionamento": "diz de um dia ou horário de atendimento o que não está no horário informado",
    "cobertura": "diz da cobertura o que o provedor não informou. Consulte, ou transfira",
    "link": "traz um endereço da internet que o provedor não informou",
    "email": "traz um e-mail que o provedor não informou",
    "titular": "mostra o nome do titular a quem não é ele",
    "idioma": "não está em português",
    TRANSFER_PROMISE: "anuncia uma transferência sem fazê-la. Chame transferir_atendimento ou "
    "pergunte",
    ACTION_PROMISE: "anuncia algo e não o faz. Chame a ferramenta agora, ou pergunte o que falta",
    TRUNCATED_TEXT: "ficou pela metade. Diga o mesmo em menos palavras",
    TOO_LONG_TEXT: "é longo demais para o WhatsApp. Diga o mesmo em menos palavras",
    EMPTY_TEXT: "não diz nada ao cliente. Responda ao cliente",
}
_DEFAULT_REASON = "mostra algo que não veio do sistema"


def format_correction(code: str, sentence: str) -> str:
    """Format the correction for the model. ``sentence`` is quoted with its tax ids masked."""
    quoted = truncate_text(mask_text(" ".join(sentence.split())), _MAX_QUOTED_CHARS)
    flaw = _REASONS.get(code, _DEFAULT_REASON)
    return (
        f"texto_recusado ({code}): o texto não foi enviado. A frase «{quoted}» {flaw}. Escreva de "
        "novo só com o que é verdade, sem códigos, e siga com o pedido do cliente."
    )
