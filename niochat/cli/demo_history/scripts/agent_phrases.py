"""Short texts of the demo's history that belong to no topic, in Brazilian Portuguese."""

OUTAGE_NOTICE = (
    "Olá, {first}. Há um rompimento de fibra na sua região e nossas equipes já estão no local. "
    "A previsão de retorno é às {hour}. Protocolo: {protocol}"
)
AFTER_HOURS_QUESTION = "alguém pode me responder?"
AFTER_HOURS_REPLY = (
    "{first}, nossa equipe volta no próximo horário de atendimento e responde por aqui. "
    "Já deixei tudo anotado para você não precisar repetir."
)
TRANSFER_NOTE = "Assunto é com vocês, já expliquei ao cliente."
NOTES = (
    "Cliente confirmou o endereço.",
    "Retornar amanhã se não houver resposta.",
    "Já é a segunda vez este mês que escreve sobre isto.",
    "Equipe de campo avisada.",
)
PHONED_NOTE = "Falei com o cliente por telefone, resolvido."
SNOOZE_MESSAGE = "Certo, {first}. Vou acompanhar e volto a falar com você em breve."
RETURN_MESSAGE = "Oi, {first}. Voltando ao seu atendimento: ficou tudo certo por aí?"
RETURN_ANSWER = "sim, tudo certo agora"
REOPENED_MESSAGE = "{first}, reabri seu atendimento para confirmar: o problema voltou?"
REOPENED_ANSWER = "não, está normal"
AGENT_OPENING = "Olá, {first}! Aqui é {agent}, do Provedor Demo. Passando para confirmar sua visita técnica amanhã pela manhã. Pode ser?"
AGENT_OPENING_ANSWER = "pode sim, vou estar em casa"
