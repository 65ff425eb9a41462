"""What is said when a tool refuses: a true sentence for every `erro`."""

from collections.abc import Callable

from niochat.sandbox.flows import connection, identification
from niochat.sandbox.flows.actions import Action, Say, Tool
from niochat.sandbox.flows.offers import SAFE
from niochat.sandbox.flows.questions import Question
from niochat.sandbox.flows.scene import Result, Scene
from niochat.sandbox.rim import Body

_SENTENCES = {
    "argumento_invalido": "Não consegui entender os dados. Pode escrever de novo, por favor?",
    "limite_de_consultas": (
        "Não posso consultar outro documento neste atendimento. Se quiser, chamo um atendente."
    ),
    "sem_contrato_ativo": (
        "Encontrei o cadastro, mas sem contrato ativo. "
        "Posso mostrar nossos planos ou chamar um atendente."
    ),
    "nao_confirmado": identification.CONFIRM,
    "aguarde_resposta": identification.CONFIRM,
    "opcao_invalida": "Essa opção não está na lista. Me diga o número do contrato, por favor.",
    "sem_fatura": "Não há faturas em aberto neste contrato. Posso ajudar com mais alguma coisa?",
    "fatura_invalida": "Essa fatura não está na lista. Qual é o número da fatura?",
    "terceiro": (
        "Por segurança, isso só pode ser feito pelo titular, no número do cadastro. "
        "Se quiser, posso ajudar com a fatura."
    ),
    "nao_bloqueado": (
        "O contrato está ativo, sem bloqueio. Se a internet não funciona, me conte o que acontece."
    ),
    "ja_usado": (
        "O desbloqueio em confiança deste mês já foi usado. "
        "Para pagar agora, prefere PIX ou boleto?"
    ),
    "nao_pedido": "Para isso, me escreva que quer o desbloqueio em confiança, por favor.",
    "incerto": "Não consegui confirmar se deu certo. A equipe vai verificar e responder por aqui.",
    "plano_invalido": f"Essa opção não está na lista. {Question.PLAN}",
    "nao_pode_encerrar": "Certo! Se precisar, é só me chamar por aqui.",
}
_DOCUMENT_FAULTS = {
    "documento_invalido": "Esse CPF ou CNPJ não é válido.",
    "documento_nao_informado": "Não encontrei esse documento nas suas mensagens.",
}


def explain(scene: Scene, result: Result) -> Action:
    """The sentence for a refusal; an unknown one promises no more than a look at it."""
    if telling := _TOLD_BY_DATA.get(result.error):
        return telling(scene, result.data)
    if fault := _DOCUMENT_FAULTS.get(result.error):
        return _ask_document(result.tool, fault)
    return Say(_SENTENCES.get(result.error, SAFE))


def _ask_document(tool: str, fault: str) -> Say:
    if tool == Tool.REGISTER_INTEREST:
        return Say(f"{fault} {Question.PLAN_DOCUMENT}")
    return Say(f"{fault} Confira e envie {Question.DOCUMENT} de novo, por favor.")


def _not_found(_scene: Scene, data: Body) -> Action:
    if data.get("tentativas") == 1:
        return Say(
            "Desculpe, não encontrei cadastro com esse documento. "
            f"Confira e envie {Question.DOCUMENT} de novo, por favor."
        )
    return Say(
        "Também não encontrei cadastro com esse documento. "
        "Posso mostrar nossos planos ou chamar um atendente."
    )


def _form_missing(_scene: Scene, data: Body) -> Action:
    forms = [str(form).replace("pix", "PIX") for form in data.get("formas") or ()]
    if not forms:
        return Say("Essa forma não está disponível para esta fatura.")
    return Say(f"Essa forma não está disponível para esta fatura. Pode ser {' ou '.join(forms)}?")


def _refused(_scene: Scene, data: Body) -> Action:
    reason = str(data.get("motivo") or "sem motivo informado").rstrip(".")
    return Say(f"O sistema não aceitou o pedido: {reason}.")


def _ticket_exists(_scene: Scene, data: Body) -> Action:
    return Say(f"Você já tem um chamado em andamento, protocolo {data.get('protocolo')}.")


_TOLD_BY_DATA: dict[str, Callable[[Scene, Body], Action]] = {
    "nao_identificado": lambda scene, _data: identification.ask(scene, scene.wish),
    "nao_encontrado": _not_found,
    "forma_indisponivel": _form_missing,
    "contrato_bloqueado": lambda scene, _data: connection.blocked(scene),
    "em_manutencao": lambda _scene, data: connection.maintenance(data),
    "recusado": _refused,
    "ja_existe": _ticket_exists,
}
