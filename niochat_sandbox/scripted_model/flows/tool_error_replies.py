"""Replies to failed tool calls: one true sentence for each ``erro``."""

from collections.abc import Callable

from niochat_sandbox.http_json import JsonObject
from niochat_sandbox.scripted_model.flows import connection_flow, identification_flow
from niochat_sandbox.scripted_model.flows.shared_steps import SAFE
from niochat_sandbox.scripted_model.model_actions import ModelAction, TextReply, ToolName
from niochat_sandbox.scripted_model.open_questions import ModelQuestion
from niochat_sandbox.scripted_model.turn_view import ScriptedToolResult, TurnView

_SENTENCES = {
    "argumento_invalido": "Não consegui entender os dados. Pode escrever de novo, por favor?",
    "limite_de_consultas": (
        "Não posso consultar outro documento neste atendimento. Se quiser, chamo um atendente."
    ),
    "sem_contrato_ativo": (
        "Encontrei o cadastro, mas sem contrato ativo. "
        "Posso mostrar nossos planos ou chamar um atendente."
    ),
    "nao_confirmado": identification_flow.CONFIRM,
    "aguarde_resposta": identification_flow.CONFIRM,
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
    "plano_invalido": f"Essa opção não está na lista. {ModelQuestion.PLAN}",
    "nao_pode_encerrar": "Certo! Se precisar, é só me chamar por aqui.",
}
_TAX_ID_ERRORS = {
    "documento_invalido": "Esse CPF ou CNPJ não é válido.",
    "documento_nao_informado": "Não encontrei esse documento nas suas mensagens.",
}


def explain_tool_error(view: TurnView, result: ScriptedToolResult) -> ModelAction:
    """Return the reply for an error; for an unknown one promise only that the team checks."""
    if build_reply := _DATA_REPLIES.get(result.error):
        return build_reply(view, result.data)
    if problem := _TAX_ID_ERRORS.get(result.error):
        return _ask_tax_id(result.tool, problem)
    return TextReply(_SENTENCES.get(result.error, SAFE))


def _ask_tax_id(tool: str, problem: str) -> TextReply:
    if tool == ToolName.REGISTER_INTEREST:
        return TextReply(f"{problem} {ModelQuestion.PLAN_DOCUMENT}")
    return TextReply(f"{problem} Confira e envie {ModelQuestion.DOCUMENT} de novo, por favor.")


def _not_found(_scene: TurnView, data: JsonObject) -> ModelAction:
    if data.get("tentativas") == 1:
        return TextReply(
            "Desculpe, não encontrei cadastro com esse documento. "
            f"Confira e envie {ModelQuestion.DOCUMENT} de novo, por favor."
        )
    return TextReply(
        "Também não encontrei cadastro com esse documento. "
        "Posso mostrar nossos planos ou chamar um atendente."
    )


def _form_missing(_scene: TurnView, data: JsonObject) -> ModelAction:
    forms = [str(form).replace("pix", "PIX") for form in data.get("formas") or ()]
    if not forms:
        return TextReply("Essa forma não está disponível para esta fatura.")
    return TextReply(
        f"Essa forma não está disponível para esta fatura. Pode ser {' ou '.join(forms)}?"
    )


def _refused(_scene: TurnView, data: JsonObject) -> ModelAction:
    reason = str(data.get("motivo") or "sem motivo informado").rstrip(".")
    return TextReply(f"O sistema não aceitou o pedido: {reason}.")


def _ticket_exists(_scene: TurnView, data: JsonObject) -> ModelAction:
    return TextReply(f"Você já tem um chamado em andamento, protocolo {data.get('protocolo')}.")


_DATA_REPLIES: dict[str, Callable[[TurnView, JsonObject], ModelAction]] = {
    "nao_identificado": lambda view, _data: identification_flow.ask_identification(
        view, view.intent
    ),
    "nao_encontrado": _not_found,
    "forma_indisponivel": _form_missing,
    "contrato_bloqueado": lambda view, _data: connection_flow.explain_block(view),
    "em_manutencao": lambda _scene, data: connection_flow.format_maintenance(data),
    "recusado": _refused,
    "ja_existe": _ticket_exists,
}
