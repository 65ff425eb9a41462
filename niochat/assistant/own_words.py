"""What the server itself says where the model's text may not leave: true, and a way on."""

from collections.abc import Callable

from niochat.assistant import own_bills
from niochat.assistant.case import Case, Result

ASKED_AGAIN = (
    "Não encontrei no sistema como responder isso com certeza. Pode me dizer em uma frase o que "
    "você precisa agora?"
)
"""Where no tool has found anything out that could be said."""
_WHO_FIRST = "Para seguir com o seu pedido, me informe o CPF ou CNPJ do titular, por favor."
_MORE = "Posso ajudar em mais alguma coisa?"


def own_words(case: Case) -> str:
    """What tools of this turn did or found out, newest first; empty: they found out nothing."""
    if case.instead:
        return case.instead
    for tool, result in reversed(case.results):
        if result.get("apresentar"):
            return _asking(tool, str(result["apresentar"]))
        said = _of_tool(tool, result) or _OF_REFUSAL.get(str(result.get("erro", "")), _nothing)(
            result
        )
        if said:
            return said
    return ""


def goes_on(case: Case) -> str:
    """The same, or a question: the customer is not left alone with a refusal."""
    return own_words(case) or (
        _WHO_FIRST if case.facts.wish and not case.facts.identified else ASKED_AGAIN
    )


def is_question_of_ours(said: str) -> bool:
    """Whether the server has asked so already: asking again would not help."""
    return said.startswith((ASKED_AGAIN, _WHO_FIRST))


def _asking(tool: str, shown: str) -> str:
    match tool:
        case "consultar_faturas" | "escolher_contrato":
            return f"Estas são as faturas em aberto:\n{shown}\n\nQuer pagar por PIX ou boleto?"
        case "listar_planos":
            return f"Estes são os planos:\n{shown}\n\nQual deles interessa a você?"
        case _:
            return shown


def _of_tool(tool: str, result: Result) -> str:
    if not result.get("ok"):
        return ""
    match tool:
        case "consultar_faturas" | "escolher_contrato" if result.get("faturas") == []:
            return f"Não há faturas em aberto neste contrato. {_MORE}"
        case "verificar_conexao":
            return _LINE.get(str(result.get("estado")), "")
        case "verificar_manutencao" if result.get("manutencao"):
            return _work(result["manutencao"])
        case "verificar_manutencao":
            return f"Não há manutenção registrada para o seu endereço. {_MORE}"
        case "consultar_chamados":
            return _tickets(result)
        case "consultar_pagamento":
            return own_bills.payment(result)
        case "explicar_fatura":
            return own_bills.amounts(result)
        case "verificar_cobertura":
            return own_bills.place(result)
        case _:
            return ""


_LINE = {
    "online": "Seu acesso aparece conectado no sistema. Pode reiniciar o roteador, testar por "
    "cabo e "
    "me dizer se melhorou?",
    "offline": "Seu acesso aparece desconectado no sistema. A luz LOS do modem está vermelha?",
}


def _work(work: Result) -> str:
    until = f" Previsão: {work['previsao']}." if work.get("previsao") else ""
    return f"Há uma manutenção na sua região: {work.get('mensagem', '')}.{until}"


def _tickets(result: Result) -> str:
    rows = [
        f"{each['protocolo']}: {each['situacao']}"
        + (f", {each['data']}" if each["data"] else "")
        + (f", visita em {each['agendado_para']}" if each.get("agendado_para") else "")
        for each in result.get("chamados", ())
    ]
    if not rows:
        return f"Não há chamados técnicos neste contrato. {_MORE}"
    return "Estes são os chamados do contrato:\n" + "\n".join(rows) + f"\n\n{_MORE}"


def _nothing(_: Result) -> str:
    return ""


def _exists(result: Result) -> str:
    number = f", protocolo {result['protocolo']}" if result.get("protocolo") else ""
    return f"Já há um chamado aberto para isso{number}. {_MORE}"


def _used(result: Result) -> str:
    if result.get("liberado"):
        return f"O desbloqueio em confiança já foi feito: {result['liberado']}."
    return (
        "O desbloqueio em confiança já foi usado neste mês. Quer pagar a fatura por PIX ou boleto?"
    )


def _said(text: str) -> Callable[[Result], str]:
    return lambda _: text


_OF_REFUSAL: dict[str, Callable[[Result], str]] = {
    "ja_usado": _used,
    "ja_existe": _exists,
    "em_manutencao": _work,
    "sem_fatura": _said(f"Não há faturas em aberto neste contrato. {_MORE}"),
    "contrato_bloqueado": _said(
        "Há uma fatura pendente neste contrato. Quer pagar agora, por PIX ou boleto, ou pedir o "
        "desbloqueio em confiança?"
    ),
    "nao_bloqueado": _said("Este contrato não está bloqueado. O que está acontecendo?"),
    "nao_identificado": _said(
        "Para continuar, me informe o CPF ou CNPJ do titular do contrato, por favor."
    ),
    "documento_invalido": _said(
        "Esse número não é um CPF ou CNPJ válido. Confira e envie de novo, por favor."
    ),
    "documento_nao_informado": _said(
        "Para continuar, me informe o CPF ou CNPJ do titular do contrato, por favor."
    ),
    "nao_encontrado": _said(
        "Desculpe, não encontrei cadastro com esse documento. Pode conferir o número?"
    ),
    "sem_contrato_ativo": _said(
        "Não há contrato ativo nesse cadastro. Quer conhecer os planos ou falar com a equipe?"
    ),
    "forma_indisponivel": _said(
        "Esta forma de pagamento não está disponível para a fatura. Quer tentar a outra?"
    ),
    "fatura_invalida": _said("Não encontrei essa fatura na lista. Qual delas você quer?"),
    "falta_endereco": _said(
        "Para ver a cobertura, me passe o CEP, ou rua, número, bairro e cidade, por favor."
    ),
    "cep_nao_informado": _said("Qual é o CEP, ou o endereço com bairro e cidade?"),
    "nao_disponivel": _said("Isso não é feito por aqui. Quer falar com a equipe?"),
    "pedido_nao_citado": _said("O que você quer mudar no seu contrato? Diga em uma frase."),
    "nao_pedido": _said("Quer pagar a fatura agora ou pedir o desbloqueio em confiança?"),
    "terceiro": _said(
        "Por segurança, isso só pode ser feito pelo titular. Quer a segunda via da fatura?"
    ),
    "nao_confirmado": _said("O contrato mostrado é o certo? Responda sim, ou com o número dele."),
}
