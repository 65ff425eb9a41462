"""Invented dialogues about contracts: new ones, moves and cancellations, in Brazilian Portuguese."""

from niochat.cli.demo_history.scripts.dialogue_script import (
    Topic,
    TopicScript,
    parse_dialogues,
    parse_handoff,
)

MOVE_SCRIPT = TopicScript(
    Topic.MOVE,
    team="atendimento",
    other_team="suporte",
    tools=("identificar_cliente", "verificar_cobertura", "registrar_solicitacao"),
    intent="outro",
    solved=parse_dialogues(
        """
        > vocês atendem na {street}? vou me mudar
        < Olá, {first}! Sim, temos cobertura nesse endereço. A mudança custa R$ 80,00 e leva até 5 dias úteis.
        > e precisa pagar antes?
        < Não, a taxa vem na próxima fatura. Quando souber a data da mudança, é só me avisar por aqui.
        > certo, obrigado
        < Por nada, {first}! Boa mudança.
        """,
    ),
    handed_off=(
        parse_handoff(
            "atendimento",
            "change_request",
            "Mudança para {street}, quer agendar.",
            """
        > Boa tarde, vou mudar de endereço semana que vem
        < Olá, {first}! Me informe o novo endereço, por favor, para eu verificar a cobertura.
        > {street}
        < Temos cobertura aí. Passei para a equipe agendar a mudança. Protocolo: {protocol}
        """,
        ),
        parse_handoff(
            "atendimento",
            "asked_for_human",
            "Dúvida sobre a taxa de mudança.",
            """
        > quanto custa mudar de endereço? quero falar com alguém
        < A mudança custa R$ 80,00, {first}. Passei você para a equipe de atendimento. Protocolo: {protocol}
        """,
        ),
    ),
    served=parse_dialogues(
        """
        < Oi, {first}! {agent} aqui. Para a {street}, tenho vaga na quinta de manhã ou na sexta à tarde.
        > sexta a tarde
        < Agendado para sexta, entre 14h e 17h. Deixe o roteador com você, o técnico usa o mesmo.
        > combinado
        < Combinado! Boa mudança.
        """,
        """
        < Olá, {first}, sou {agent}. A taxa é de R$ 80,00, mas com um ano de contrato ela é grátis.
        > que ótimo, sou cliente tem 2 anos
        < Então fica sem custo. Vou agendar e aviso por aqui.
        > obrigada!!
        """,
    ),
)

PLANS_SCRIPT = TopicScript(
    Topic.PLANS,
    team="vendas",
    other_team="atendimento",
    tools=("verificar_cobertura", "listar_planos", "registrar_interesse"),
    intent="planos",
    solved=parse_dialogues(
        """
        > Oi, quais planos vocês têm?
        < Olá! Sou a Nia, do Provedor Demo. Temos 300, 500 e 800 Mega, todos em fibra e com roteador em comodato. Qual é o seu bairro, para eu ver a cobertura?
        > Casa Amarela
        < Temos cobertura em Casa Amarela! A instalação leva até 5 dias úteis e é grátis com fidelidade de 12 meses.
        > vou conversar com minha esposa e volto
        < Sem problema! Quando decidir, é só chamar por aqui.
        """,
        """
        > tem cobertura em Jardim Atlântico?
        < Olá! Ainda não temos cobertura em Jardim Atlântico. Posso registrar seu interesse, e avisamos quando chegarmos. Quer?
        > quero sim
        < Registrado! Obrigada pelo interesse no Provedor Demo.
        """,
    ),
    handed_off=(
        parse_handoff(
            "vendas",
            "plan_wanted",
            "Quer contratar {plan} na {street}.",
            """
        > quero contratar internet
        < Que bom! Sou a Nia. Qual é o endereço da instalação?
        > {street}
        < Temos cobertura aí. Qual plano prefere: 300, 500 ou 800 Mega?
        > {plan}
        < Ótima escolha! A equipe de vendas continua por aqui para fechar com você. Protocolo: {protocol}
        """,
        ),
        parse_handoff(
            "vendas",
            "plan_wanted",
            "Cliente atual quer mudar para {plan}.",
            """
        > quero aumentar minha velocidade para {plan}
        < Boa ideia, {first}! Passei para a equipe de vendas, que faz a troca por aqui. Protocolo: {protocol}
        """,
        ),
        parse_handoff(
            "vendas",
            "asked_for_human",
            "Pergunta sobre plano para empresa.",
            """
        > vocês têm plano para empresa?
        > prefiro falar com um vendedor
        < Claro! A equipe de vendas continua com você por aqui. Protocolo: {protocol}
        """,
        ),
    ),
    served=parse_dialogues(
        """
        < Olá, {first}! Sou {agent}, de vendas. O plano de {plan} sai por {amount} ao mês.
        > tem fidelidade?
        < Tem de 12 meses, e com ela a instalação é grátis. Posso agendar?
        > pode
        < Agendado! O técnico leva o contrato para assinar. Seja bem-vindo(a) ao Provedor Demo!
        """,
        """
        < Oi, {first}, {agent} falando. A troca para {plan} é feita na hora e a próxima fatura será de {amount}.
        > pode fazer
        < Feito! Reinicie o roteador para valer a nova velocidade.
        > já senti a diferença rsrs
        """,
    ),
)

CANCELLATION_SCRIPT = TopicScript(
    Topic.CANCELLATION,
    team="atendimento",
    other_team="financeiro",
    tools=("identificar_cliente", "explicar_fatura"),
    intent="fatura",
    solved=parse_dialogues(
        """
        > como funciona a multa se eu sair antes de um ano?
        < Olá, {first}! São R$ 20,00 por mês que falta para completar os 12 meses, no máximo R$ 240,00.
        > e o roteador?
        < Ele é em comodato: na saída, basta devolver na loja ou ao técnico.
        > ok, era só para saber
        < Certo, {first}. Fico à disposição.
        """,
    ),
    handed_off=(
        parse_handoff(
            "atendimento",
            "cancellation",
            "Quer cancelar, não disse o motivo.",
            """
        > quero cancelar meu plano
        < Entendo, {first}. Vou passar para a equipe que cuida disso, por aqui mesmo. Protocolo: {protocol}
        """,
        ),
        parse_handoff(
            "atendimento",
            "cancellation",
            "Quer cancelar, motivo: preço.",
            """
        > não quero mais a internet de vocês
        < Sinto muito por isso, {first}. Posso saber o motivo?
        > achei mais barato, quero cancelar
        < Obrigada por contar. A equipe de atendimento continua com você. Protocolo: {protocol}
        """,
        ),
        parse_handoff(
            "atendimento",
            "complaint_body",
            "Quer cancelar sem multa, citou o Procon.",
            """
        > quero cancelar sem multa, senão vou ao Procon
        < Entendo, {first}. A equipe de atendimento assume agora e conversa com você sobre o cancelamento. Protocolo: {protocol}
        """,
        ),
    ),
    served=parse_dialogues(
        """
        < Oi, {first}, aqui é {agent}. Vi que está com a gente há três anos. Posso oferecer o {plan} por {amount}?
        > esse valor é fixo?
        < Por doze meses, sim.
        > então pode manter
        < Que bom que fica com a gente! Alterado a partir da próxima fatura.
        """,
        """
        < Olá, {first}. Sou {agent}. O cancelamento fica pronto hoje, e a última fatura é proporcional, de {amount}.
        > tudo bem
        < Agendei a retirada do equipamento na {street}. Obrigado pelo tempo com a gente.
        > obrigado
        """,
    ),
)
