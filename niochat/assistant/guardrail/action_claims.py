"""Rules for statements that an action was done, and the evidence that each needs.

All texts are folded: lower case, without accents.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from niochat.assistant.guardrail import claim_evidence
from niochat.assistant.tool_history import ToolCallHistory


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """A statement that may only be made with evidence.

    ``is_supported`` gets the tool call history and the clause that makes the statement.
    ``includes_negation``: a negation inside of the match belongs to the statement; one before the
    match revokes it.
    """

    code: str
    pattern: re.Pattern[str]
    is_supported: Callable[[ToolCallHistory, str], bool]
    includes_negation: bool = False


_BILL = (
    r"(?:tudo|pix|boletos?|faturas?|contas?|codigo|segunda via|2a via|qr|linha digitavel|cobranca)"
)
_PAID = (
    r"(?:confirmad[oa]s?|recebid[oa]s?|identificad[oa]s?|baixad[oa]s?|quitad[oa]s?|pag[oa]s?|"
    r"compensad[oa]s?|perdoad[oa]s?|localizad[oa]s?|creditad[oa]s?|liquidad[oa]s?|processad[oa]s?|"
    r"aprovad[oa]s?|conciliad[oa]s?)"
)
_MADE = (
    r"(?:feit[oa]s?|realizad[oa]s?|efetuad[oa]s?|concluid[oa]s?|aprovad[oa]s?|confirmad[oa]s?|"
    r"solicitad[oa]s?|registrad[oa]s?|executad[oa]s?|aplicad[oa]s?|processad[oa]s?|ativad[oa]s?|"
    r"efetivad[oa]s?)"
)
_DID = (
    r"(?:abri|fiz|fizemos|realizei|realizamos|efetuei|efetuamos|conclui|concluimos|aprovei|aprovamos|"
    r"solicitei|solicitamos|registrei|registramos|pedi|pedimos|executei|processei|dei|demos|"
    r"consegui|conseguimos|apliquei|ativei|lancei|protocolei|confirmei|efetivei|providenciei)"
)
_JUST = r"(?:acabei de|acabamos de|terminei de|consegui|conseguimos|ja mandei)(?: te| lhe)?"


ACTION_CLAIMS = (
    ClaimRule(
        "desbloqueio",
        re.compile(
            r"\b(desbloque(ad[oa]s?|ei|amos|aram)|normalizad[oa]s?|liberaram|religaram|reativaram|"
            r"normalizaram|liberad[oa]s?|liberei|liberamos|religad[oa]s?|"
            r"religuei|"
            r"religamos|reativad[oa]s?|reativei|reativamos|restabelecid[oa]s?|restabeleci|"
            r"restabelecemos|destravad[oa]s?|destravei|destravamos|normalizei|normalizamos)\b|"
            r"\b(tirei|tiramos|removi|removemos|retirei|retiramos|suspendi|derrubei|desfiz|"
            r"levantei|"
            r"cancelei|encerrei|baixei|desativei)\b"
            r".{0,20}\b(bloqueio|suspensao|restricao|trava|corte|reducao)\b|"
            rf"\b{_DID}\b.{{0,20}}\b(desbloqueio|liberacao|religacao|reativacao|religue)\b|"
            rf"\b{_JUST} (liberar|desbloquear|religar|reativar|restabelecer|destravar|"
            rf"tirar o bloq)|"
            rf"\b(desbloqueio|liberacao|religacao|reativacao|religue)\b.{{0,30}}\b{_MADE}\b|"
            r"\bpedido de desbloqueio\b.{0,15}\benviado\b|"
            r"\b(bloqueio|suspensao|restricao|corte|reducao)\b.{0,25}\b(removid[oa]|retirad[oa]|"
            r"suspens[oa]|tirad[oa]|cancelad[oa]|desfeit[oa]|encerrad[oa]|baixad[oa]|caiu|saiu)\b|"
            r"\b(internet|acesso|sinal|conexao|modem|roteador|desbloqueio|liberacao)\b.{0,25}"
            r"\b(no ar|valendo|de volta|voltou|funcionando (de novo|novamente|normal\w*))\b|"
            r"\b(internet|acesso|sinal|conexao|contrato|servico|velocidade)\b.{0,25}\b(voltou|"
            r"voltaram|ja esta (ativ[oa]|funcionando|normal|no ar|de volta)|foi ativad[oa]|"
            r"foi normalizad[oa])\b"
        ),
        claim_evidence.is_unlocked,
    ),
    ClaimRule(
        "visita",
        re.compile(
            r"\b(visita|tecnicos?|instalacao|equipe tecnica|instalador)\b.{0,40}"
            r"\b(marcad[oa]s?|agendad[oa]s?|programad[oa]s?|confirmad[oa]s?|enviad[oa]s?|"
            r"designad[oa]s?|acionad[oa]s?|a caminho|indo|vindo|saiu|chegando|encaixad[oa]s?|"
            r"reservad[oa]s?|"
            r"escalad[oa]s?)\b|"
            r"\b(agendaram|marcaram|confirmaram|enviaram|mandaram|agendei|agendamos|marquei|"
            r"marcamos|programei|enviei|enviamos|mandei|mandamos|"
            r"reservei|confirmei|encaixei|remarquei|remarcamos|designei|acionei|chamei)\b.{0,30}"
            r"\b(visita|tecnicos?|horario|instalacao|encaixe|equipe de campo)\b|"
            rf"\b{_JUST} (agendar|marcar|remarcar|enviar|chamar|acionar) .{{0,20}}\b(visita|"
            rf"tecnico)|"
            r"\bvisita\b.{0,15}\b(criad[oa]|ficou (para|pra))\b|"
            r"\b(esta|ficou) (tudo )?(agendad[oa]|marcad[oa])\b|"
            r"\btecnicos?\b.{0,25}\b(chega|chegar|chegara|passa|passar|vai|ira)\b.{0,20}"
            r"\b(amanha|hoje|em breve|logo|agora|segunda|terca|quarta|quinta|sexta|sabado|"
            r"logo mais|daqui a pouco|\d)"
        ),
        claim_evidence.has_appointment,
    ),
    ClaimRule(
        "chamado",
        re.compile(
            r"\b(chamados?|ordem de servico|os|visita|tecnico|solicitacao tecnica|ocorrencia|"
            r"reparo)\b"
            r".{0,40}\b(abert[oa]s?|registrad[oa]s?|criad[oa]s?|gerad[oa]s?|protocolad[oa]s?|"
            r"encerrad[oa]s?|concluid[oa]s?|finalizad[oa]s?|resolvid[oa]s?)\b|"
            r"\b(abriram|registraram|abri|registrei|criei|gerei|abrimos|registramos|criamos|"
            r"geramos|protocolei|lancei|"
            r"solicitei|pedi|solicitamos)\b.{0,30}"
            r"\b(chamado|ordem|visita|protocolo|tecnico|ocorrencia|reparo|"
            r"os(?! (?:dias|sabados|domingos|feriados)))\b|"
            rf"\b{_JUST} (abrir|registrar|gerar|criar) .{{0,20}}\b(chamado|ordem|protocolo|"
            rf"ocorrencia)"
        ),
        claim_evidence.has_ticket,
    ),
    ClaimRule(
        "visita",
        re.compile(
            r"\btecnicos?\b.{0,25}\b(vai|vao|ira|irao|passara|chegara|estara)\b.{0,12}"
            r"\b(ate|ai|na|no|em|ao|sua|seu|hoje|amanha)\b"
        ),
        claim_evidence.has_ticket,
    ),
    ClaimRule(
        "envio",
        re.compile(
            r"\b(acabei de|estou)( te| lhe)? (enviar|mandar|enviando|mandando|encaminhar)\b|"
            r"\b(enviaram|mandaram|enviei|mandei|enviamos|mandamos|segue|seguem|aqui (esta|estao|"
            r"vai|vao)|encaminhei|"
            r"foi enviad[oa]|gerei|emiti|geramos|disparei|reenviei|compartilhei|anexei|te passei)\b"
            rf".{{0,40}}\b{_BILL}\b|"
            rf"\b{_BILL}\b.{{0,30}}\b(enviad[oa]s?|mandad[oa]s?|gerad[oa]s?|emitid[oa]s?|"
            r"encaminhad[oa]s?|reenviad[oa]s?|anexad[oa]s?|logo (acima|abaixo)|acima|"
            r"na proxima mensagem|(esta|vai|foi|segue) (logo )?(abaixo|a seguir|em seguida|"
            r"acima))\b|"
            rf"\b{_BILL}\b.{{0,10}}\b(esta|estao|vai|vao) aqui\b|"
            rf"\b{_BILL}\b.{{0,20}}\b(ja )?(chegou|foi|esta) (no|pro|para o|em|para) seu (e-?mail|"
            r"whats\w*|celular)"
        ),
        claim_evidence.is_invoice_sent,
    ),
    ClaimRule(
        "transferencia",
        re.compile(
            r"\b(pedi|solicitei|falei|falamos|conversei|conversamos|combinei|cobrei|transferi|"
            r"transferimos|transferid[oa]|encaminhei|encaminhamos|encaminhad[oa]|"
            r"passei|"
            r"passamos|repassei|repassamos|repassad[oa]|direcionei|direcionad[oa]|escalei|acionei|"
            r"acionamos|acionad[oa]|avisei|avisamos|notifiquei|comuniquei|chamei|alertei)\b.{0,40}"
            r"\b(atendimento|atendentes?|equipe|setor|humano|suporte|financeiro|vendas|caso|time|"
            r"comercial|gerente|supervisor|supervisao|responsavel|colega|pessoal)\b|"
            r"\b(atendente|suporte|equipe|supervisora?|gerente|financeiro)\b.{0,25}"
            r"\b(assumiu|pegou|autorizou|aprovou|confirmou|liberou|prometeu|garantiu)\b|"
            r"\b(atendente|suporte|equipe|tecnico|gerente|financeiro)\b.{0,12}"
            r"\b(liga|retorna|responde|chama|entra em contato)\b.{0,20}\d|"
            r"\b(eles|elas)\b.{0,10}\bja (estao|vao|sabem)\b|"
            r"\b(atendimento|caso|solicitacao|pedido|atendente|equipe|setor|suporte|supervisora?|"
            r"gerente|responsavel|financeiro|tecnicos?|comercial)\b.{0,30}"
            r"\b(transferid[oa]|encaminhad[oa]|repassad[oa]|direcionad[oa]|acionad[oa]|avisad[oa]|"
            r"escalad[oa])\b|"
            r"\bestou (te |lhe |ja )?(transferindo|encaminhando|direcionando|repassando|"
            r"passando (seu|voce|o|a))\b|"
            r"\b(atendente|equipe|suporte|financeiro)\b.{0,25}\b(ja esta|ja estao|esta) "
            r"(com|ciente|vendo|analisando|cuidando|assumindo)"
        ),
        lambda history, _: history.context.handoff is not None,
    ),
    ClaimRule(
        "pagamento",
        re.compile(
            rf"\b(pagamentos?|faturas?|boletos?|pix|contas?|debitos?|dividas?|mensalidade|valor"
            rf")\b.{{0,30}}\b{_PAID}\b(?! (na|no|em(?! \d)|pel[oa]|por|com|sem|direto|via)\b)|"
            r"\b(recebemos|confirmamos|confirmei|recebi|identifiquei|identificamos|baixei|"
            r"localizei|"
            r"localizamos|validei|encontrei|registrei|conferi|compensei|reconheci)\b.{0,30}"
            r"\b(pagamento|pix|deposito|valor pago|quitacao)\b|"
            r"\bpagamento\b.{0,25}\b(caiu|entrou|consta|constou|foi com sucesso|deu certo|"
            r"esta ok|ok|aparece|apareceu)\b|"
            r"\b(consta|constam|aparece|vejo|vi)\b.{0,25}\b(pagou|quitou|esta pag[oa]|"
            r"foi pag[oa])\b|"
            r"\btud[oa] (pag[oa]|quitad[oa])\b|"
            r"\bpagamento\b.{0,10}\b(foi|esta|ja) (feito|realizado|efetuado|concluido)\b|"
            r"\b(pix|dinheiro|valor)\b.{0,15}\b(caiu|entrou|compensou)\b|"
            r"\b(dei|demos|foi dada|fiz|fizemos|efetuei|realizei)\b.{0,6}\ba? ?baixa\b"
        ),
        claim_evidence.is_paid,
    ),
    ClaimRule(
        "sem_fatura",
        re.compile(
            r"\b(nao|nenhum[ao]?|sem|nada)\b(?:(?! (?:porque|por|ha uma|tem uma|existe uma|so|"
            r"apenas)\b).){0,40}"
            r"\b(faturas?|boletos?|contas?|debitos?|"
            r"pendencias?|dividas?|valor(es)?|cobrancas?|mensalidades?)\b.{0,35}"
            r"\b(em aberto|abert[oa]s?|vencid[oa]s?|pendentes?|atrasad[oa]s?|em atraso|a pagar|"
            r"no momento|no sistema|no seu (nome|cadastro|contrato)|neste contrato)\b|"
            r"\b(nao (ha|existe|existem|tem|possui|consta|constam|encontrei|localizei|aparece|"
            r"identifiquei)( mais)?( nenhum[ao]?)?|sem|nenhum[ao]) (debitos?|pendencias?|dividas?|"
            r"faturas? em aberto|faturas? pendentes?|pendencias? financeiras?)\b|"
            r"\bnada (em aberto|em atraso|pendente|a pagar|vencido|atrasado)\b|"
            r"\b(contas?|faturas?|pagamentos?|mensalidades?|tudo|voce|situacao|contrato)\b.{0,15}"
            r"\b(em dia|quites?|regularizad[oa]s?)\b|"
            r"\bnao (deve|devendo) (nada|mais nada)\b|\bzerad[oa]s? (seus? )?debitos?\b"
        ),
        claim_evidence.has_no_open_invoices,
    ),
    ClaimRule(
        "foto",
        re.compile(
            r"\b(vi|vejo|pude ver|analisei|conferi|verifiquei|percebi|notei|da (para|pra) ver|"
            r"consigo ver|consegui ver|li|observei|olhei|recebi e (vi|"
            r"analisei))\b(?! que voce).{0,25}"
            r"\b(foto|imagem|print|video|figura|captura|comprovante|arquivo|pdf|documento)\b|"
            r"\b(foto|imagem|print|video|captura|comprovante|pdf|arquivo)\b.{0,30}\b(mostra|"
            r"aparece|aparenta|indica|vi|vejo|percebi|notei|esta (vermelh|verde|apagad|acesa|"
            r"piscando|valid|corret|legivel)|consta|diz|confirma|da (para|pra) ver)|"
            r"\bpela (sua )?(foto|imagem)\b|"
            r"\bcomprovante\b.{0,25}\b(bate|confere|corresponde|esta cert[oa])\b|"
            r"\b(na|nessa|essa|dessa) (sua )?(foto|imagem)\b.{0,30}\b(luz|modem|los|cabo|"
            r"roteador|equipamento|erro|tela)\b"
        ),
        claim_evidence.is_seen_in_file,
    ),
    ClaimRule(
        "consulta",
        re.compile(
            r"\b(verifiquei|consultei|conferi|chequei|olhei|analisei|testei|rodei|fiz um teste|"
            r"fizemos um teste|fiz uma verificacao|verificamos|"
            r"consultamos)\b(?!.{0,30}\bque voce\b)"
        ),
        claim_evidence.has_looked_up,
    ),
    ClaimRule(
        "cancelamento",
        re.compile(
            r"\b(cancelei|cancelamos|rescindi|rescindimos)\b|"
            rf"\b{_DID}\b.{{0,10}}\b(cancelamento|rescisao)\b|"
            rf"\b{_JUST} cancelar\b|"
            rf"\b(cancelamento|rescisao)\b.{{0,25}}\b{_MADE}\b|"
            r"\b(cancelamento|rescisao)\b.{0,15}\b(em andamento|agendad[oa]|programad[oa])\b|"
            r"\b(contrato|plano|servico|assinatura|internet|linha)\b.{0,20}"
            r"\b(cancelad[oa]|encerrad[oa]|rescindid[oa]|desativad[oa])\b"
        ),
        lambda history, _: any(c.status == "cancelled" for c in history.context.facts.contracts),
    ),
    ClaimRule(
        "alteracao",
        re.compile(
            r"\b(autorizaram|aprovaram|concederam|aplicaram|alteraram|trocaram|resolveram|mudaram|"
            r"cancelaram|perdoaram|estornaram|consertaram|corrigiram)\b|"
            r"\b(upgrade|desconto|promocao|bonus|novo plano|credito|"
            r"nova velocidade)\b.{0,20}\b(esta|"
            r"ficou|estao) (ativ[oa]|valendo|liberad[oa]|aplicad[oa]|garantid[oa])|"
            r"\b(apliquei|aplicamos|concedi|concedemos|zerei|zeramos|isentei|isentamos|abonei|"
            r"abonamos|alterei|alteramos|atualizei|atualizamos|troquei|trocamos|mudei|mudamos|"
            r"cadastrei|cadastramos|reiniciei|reiniciamos|resetei|resetamos|ativei|ativamos|"
            r"configurei|configuramos|estornei|estornamos|creditei|creditamos|desativei|dei baixa|"
            r"parcelei|parcelamos|prorroguei|prorrogamos|renegociei|renegociamos|estendi|"
            r"estendemos|"
            r"adiei|adiamos|transferi a titularidade|aumentei|aumentamos|dobrei|corrigi|corrigimos|"
            r"ajustei|ajustamos|incluimos|inclui|exclui|reduzi|reduzimos|consertei|"
            r"(tirei|retirei|retiramos|removi|removemos)(?!.{0,20} (?:bloqueio|suspensao|"
            r"restricao|trava|corte))|"
            r"resolvi|resolvemos|autorizei|autorizamos|agilizei|priorizei)\b|"
            rf"\b{_JUST} (alterar|mudar|trocar|aplicar|cadastrar|reiniciar|resetar|ativar|"
            rf"configurar|"
            r"estornar|creditar|parcelar|prorrogar|renegociar|estender|adiar|aumentar|corrigir|"
            r"ajustar|atualizar|zerar|isentar)\b|"
            r"\b(desconto|credito|isencao|estorno|abono|reembolso|bonus|parcelamento|acordo|"
            r"renegociacao|prorrogacao|ressarcimento)\b.{0,30}"
            r"\b(aplicad[oa]|concedid[oa]|aprovad[oa]|liberad[oa]|feit[oa]|garantid[oa]|"
            r"confirmad[oa]|realizad[oa]|lancad[oa]|autorizad[oa]|registrad[oa]|fechad[oa])\b|"
            r"\b(senha|vencimento|plano|cadastro|endereco|titularidade|velocidade|modem|roteador|"
            r"boleto|fatura|"
            r"nome da rede|wi-?fi|upgrade|multa|juros|data|telefone)\b.{0,30}\b(ja )?(foi|foram|"
            r"esta|"
            r"ficou|estao) (ja )?(alterad[oa]s?|trocad[oa]s?|mudad[oa]s?|atualizad[oa]s?|"
            r"resetad[oa]s?|reiniciad[oa]s?|reconfigurad[oa]s?|ativad[oa]s?|aumentad[oa]s?|"
            r"zerad[oa]s?|"
            r"isentad[oa]s?|retirad[oa]s?|removid[oa]s?|perdoad[oa]s?|aplicad[oa]s?|"
            r"prorrogad[oa]s?|"
            r"feit[oa]s?|concluid[oa]s?|aprovad[oa]s?|corrigid[oa]s?)\b|"
            r"\b(chamado|caso|pedido|atendimento)\b.{0,15}\b(priorizad|agilizad|adiantad|acelerad)|"
            rf"\b{_DID}\b.{{0,10}}\b(troca|alteracao|mudanca|atualizacao|upgrade|parcelamento|"
            rf"acordo|"
            r"desconto|estorno|abono|migracao)\b|"
            r"\b(alteracao|troca|mudanca|atualizacao|upgrade|"
            r"transferencia de titularidade)\b.{0,40}"
            rf"\b{_MADE}\b"
        ),
        claim_evidence.is_only_requested,
    ),
)
"""Several rules may share a code: a visit with a date needs more evidence than a visit without one.
"""

_TELLING = (
    "sei|lei|rei|hei|anotei|pensei|gostei|esperei|expliquei|mencionei|citei|falei|perguntei|informei|"
    "mostrei|listei|comentei|achei|encontrei|verifiquei|consultei|notei|errei|enganei|fiquei|"
    "cheguei|tentei|precisei|continuei|comecei|lembrei|mandei|enviei|identifiquei|localizei|"
    "confirmei|chequei|olhei|analisei|perguntei|enviarei|avisei|deixei(?= de)|terei|"
    "darei|farei|serei|estarei|poderei|direi|irei"
)
_READ_OF = (
    "suspens|bloquead|encontrad|mencionad|informad|citad|usad|utilizad|combinad|vencid|cortad|"
    "interrompid|contratad|instalad|identificad|recebid|possivel|pedid|perguntad|explicad|falad|"
    "reconhecid|mostrad|passad|conversad|dit|digitad|anotad|relatad|afetad|rompid|causad|"
    "prejudicad|registrad"
)
GENERIC_CLAIM = ClaimRule(
    "alteracao",
    re.compile(
        rf"\b(?!(?:{_TELLING})\b)[a-z]{{2,}}[a-qs-z]ei\b|"
        r"\b(?:segurei|melhorei|recuperei|restaurei|reparei|separei|preparei|virei|garanti|defini|"
        r"substitui|reabri|permiti|investi|cumpri)\b|"
        rf"\b(?:foi|foram|ficou|ficaram) (?:ja |totalmente |finalmente )?"
        rf"(?!(?:{_READ_OF}))[a-z]{{2,}}(?:ad|id|eit)[oa]s?\b"
    ),
    claim_evidence.is_only_requested,
)
"""Any other action that is stated as done, if no rule above matches the same words. The assistant
has no tool for such an action, so the action cannot have happened.
"""
