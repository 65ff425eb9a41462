"""The server's own replies for turns whose model reply was rejected.

Each reply is built from tool results and ends in a way to go on.
"""

from collections.abc import Callable

from niochat.assistant.guardrail.fallback import billing_replies
from niochat.assistant.turn_context import ToolResult, TurnContext

ASK_AGAIN_TEXT = (
    "Não encontrei no sistema como responder isso com certeza. Pode me dizer em uma frase o que "
    "você precisa agora?"
)
"""The reply if no tool result of the turn can be presented."""
_ASK_DOCUMENT_TEXT = "Para seguir com o seu pedido, me informe o CPF ou CNPJ do titular, por favor."
_ANYTHING_ELSE_TEXT = "Posso ajudar em mais alguma coisa?"


def find_fallback_reply(context: TurnContext) -> str:
    """Return a reply from the tool results of this turn, newest first; empty: none can be
    presented.
    """
    if context.fallback_text:
        return context.fallback_text
    for tool, result in reversed(context.tool_results):
        if result.get("apresentar"):
            return _add_question(tool, str(result["apresentar"]))
        reply = _reply_for_tool(tool, result) or _REPLIES_BY_REFUSAL.get(
            str(result.get("erro", "")), _no_reply
        )(result)
        if reply:
            return reply
    return ""


def fallback_reply_or_question(context: TurnContext) -> str:
    """Like :func:`find_fallback_reply`, but with a question in place of an empty reply."""
    return find_fallback_reply(context) or (
        _ASK_DOCUMENT_TEXT
        if context.facts.wish and not context.facts.is_identified
        else ASK_AGAIN_TEXT
    )


def is_fallback_question(text: str) -> bool:
    """Whether the text is one of these fallback questions; asking it again would not help."""
    return text.startswith((ASK_AGAIN_TEXT, _ASK_DOCUMENT_TEXT))


def _add_question(tool: str, text: str) -> str:
    match tool:
        case "consultar_faturas" | "escolher_contrato":
            return f"Estas são as faturas em aberto:\n{text}\n\nQuer pagar por PIX ou boleto?"
        case "listar_planos":
            return f"Estes são os planos:\n{text}\n\nQual deles interessa a você?"
        case _:
            return text


def _reply_for_tool(tool: str, result: ToolResult) -> str:
    if not result.get("ok"):
        return ""
    match tool:
        case "consultar_faturas" | "escolher_contrato" if result.get("faturas") == []:
            return f"Não há faturas em aberto neste contrato. {_ANYTHING_ELSE_TEXT}"
        case "verificar_conexao":
            return _ACCESS_TEXTS.get(str(result.get("estado")), "")
        case "verificar_manutencao" if result.get("manutencao"):
            return _format_maintenance(result["manutencao"])
        case "verificar_manutencao":
            return f"Não há manutenção registrada para o seu endereço. {_ANYTHING_ELSE_TEXT}"
        case "consultar_chamados":
            return _format_tickets(result)
        case "consultar_pagamento":
            return billing_replies.format_payment(result)
        case "explicar_fatura":
            return billing_replies.format_invoice_breakdown(result)
        case "verificar_cobertura":
            return billing_replies.format_coverage(result)
        case _:
            return ""


_ACCESS_TEXTS = {
    "online": "Seu acesso aparece conectado no sistema. Pode reiniciar o roteador, testar por "
    "cabo e "
    "me dizer se melhorou?",
    "offline": "Seu acesso aparece desconectado no sistema. A luz LOS do modem está vermelha?",
}


def _format_maintenance(work: ToolResult) -> str:
    until = f" Previsão: {work['previsao']}." if work.get("previsao") else ""
    return f"Há uma manutenção na sua região: {work.get('mensagem', '')}.{until}"


def _format_tickets(result: ToolResult) -> str:
    rows = [
        f"{each['protocolo']}: {each['situacao']}"
        + (f", {each['data']}" if each["data"] else "")
        + (f", visita em {each['agendado_para']}" if each.get("agendado_para") else "")
        for each in result.get("chamados", ())
    ]
    if not rows:
        return f"Não há chamados técnicos neste contrato. {_ANYTHING_ELSE_TEXT}"
    return "Estes são os chamados do contrato:\n" + "\n".join(rows) + f"\n\n{_ANYTHING_ELSE_TEXT}"


def _no_reply(_: ToolResult) -> str:
    return ""


def _format_existing_ticket(result: ToolResult) -> str:
    number = f", protocolo {result['protocolo']}" if result.get("protocolo") else ""
    return f"Já há um chamado aberto para isso{number}. {_ANYTHING_ELSE_TEXT}"


def _format_used_unlock(result: ToolResult) -> str:
    if result.get("liberado"):
        return f"O desbloqueio em confiança já foi feito: {result['liberado']}."
    return (
        "O desbloqueio em confiança já foi usado neste mês. Quer pagar a fatura por PIX ou boleto?"
    )


def _fixed_reply(text: str) -> Callable[[ToolResult], str]:
    return lambda _: text


_REPLIES_BY_REFUSAL: dict[str, Callable[[ToolResult], str]] = {
    "ja_usado": _format_used_unlock,
    "ja_existe": _format_existing_ticket,
    "em_manutencao": _format_maintenance,
    "sem_fatura": _fixed_reply(f"Não há faturas em aberto neste contrato. {_ANYTHING_ELSE_TEXT}"),
    "contrato_bloqueado": _fixed_reply(
        "Há uma fatura pendente neste contrato. Quer pagar agora, por PIX ou boleto, ou pedir o "
        "desbloqueio em confiança?"
    ),
    "nao_bloqueado": _fixed_reply("Este contrato não está bloqueado. O que está acontecendo?"),
    "nao_identificado": _fixed_reply(
        "Para continuar, me informe o CPF ou CNPJ do titular do contrato, por favor."
    ),
    "documento_invalido": _fixed_reply(
        "Esse número não é um CPF ou CNPJ válido. Confira e envie de novo, por favor."
    ),
    "documento_nao_informado": _fixed_reply(
        "Para continuar, me informe o CPF ou CNPJ do titular do contrato, por favor."
    ),
    "nao_encontrado": _fixed_reply(
        "Desculpe, não encontrei cadastro com esse documento. Pode conferir o número?"
    ),
    "sem_contrato_ativo": _fixed_reply(
        "Não há contrato ativo nesse cadastro. Quer conhecer os planos ou falar com a equipe?"
    ),
    "forma_indisponivel": _fixed_reply(
        "Esta forma de pagamento não está disponível para a fatura. Quer tentar a outra?"
    ),
    "fatura_invalida": _fixed_reply("Não encontrei essa fatura na lista. Qual delas você quer?"),
    "falta_endereco": _fixed_reply(
        "Para ver a cobertura, me passe o CEP, ou rua, número, bairro e cidade, por favor."
    ),
    "cep_nao_informado": _fixed_reply("Qual é o CEP, ou o endereço com bairro e cidade?"),
    "nao_disponivel": _fixed_reply("Isso não é feito por aqui. Quer falar com a equipe?"),
    "pedido_nao_citado": _fixed_reply("O que você quer mudar no seu contrato? Diga em uma frase."),
    "nao_pedido": _fixed_reply("Quer pagar a fatura agora ou pedir o desbloqueio em confiança?"),
    "terceiro": _fixed_reply(
        "Por segurança, isso só pode ser feito pelo titular. Quer a segunda via da fatura?"
    ),
    "nao_confirmado": _fixed_reply(
        "O contrato mostrado é o certo? Responda sim, ou com o número dele."
    ),
}
