"""Invented dialogues about failing and slow connections, in Brazilian Portuguese."""

from niochat.cli.demo_history.scripts.dialogue_script import (
    Topic,
    TopicScript,
    parse_dialogues,
    parse_handoff,
)

NO_INTERNET_SCRIPT = TopicScript(
    Topic.NO_INTERNET,
    team="suporte",
    other_team="financeiro",
    tools=("identificar_cliente", "verificar_conexao", "verificar_manutencao", "abrir_chamado"),
    intent="sem_internet",
    solved=parse_dialogues(
        """
        > estou sem internet
        < Olá, {first}! Vou verificar sua conexão. As luzes do equipamento estão normais, ou há alguma vermelha?
        > todas verdes mas não navega
        < Obrigada. Aqui o sinal da fibra está bom. Desligue o roteador da tomada por 30 segundos e ligue de novo, por favor.
        > fiz aqui
        > voltou!! obrigado
        < Que bom que voltou, {first}! Se cair de novo, me chame por aqui.
        """,
        """
        > minha internet caiu
        < Oi, {first}. Verifiquei aqui: seu equipamento está conectado e o sinal está normal. Os outros aparelhos também estão sem acesso?
        > só o celular, no notebook ta funcionando
        < Então o problema é na rede Wi-Fi do celular. Esqueça a rede {first} e conecte de novo com a senha.
        > deu certo aqui
        < Perfeito! Posso ajudar em algo mais?
        > não
        < Certo. Um ótimo dia para você!
        """,
        """
        > Caiu a internet aqui na {street}
        < Olá, {first}. Há uma manutenção em andamento na sua região, com previsão de retorno até as {hour}. Não é preciso fazer nada no equipamento.
        > ok vou aguardar então
        < Obrigada pela compreensão, {first}.
        """,
    ),
    handed_off=(
        parse_handoff(
            "suporte",
            "ticket_opened",
            "LOS vermelho, chamado aberto. Endereço: {street}.",
            """
        > sem internet desde ontem a noite
        > tem uma luz vermelha piscando
        < Olá, {first}. A luz vermelha (LOS) indica que o sinal da fibra não chega ao equipamento. Confirma o endereço {street}?
        > isso mesmo
        < Abri um chamado técnico para você. A equipe de suporte continua por aqui e confirma o horário da visita. Protocolo: {protocol}
        """,
        ),
        parse_handoff(
            "suporte",
            "anger",
            "Terceira queda na semana, cliente muito insatisfeito.",
            """
        > DE NOVO sem internet, terceira vez essa semana
        < Sinto muito por isso, {first}. Vou passar agora para a nossa equipe de suporte. Protocolo: {protocol}
        """,
        ),
        parse_handoff(
            "suporte",
            "asked_for_human",
            "Sinal fraco, já reiniciou a ONU. Quer um técnico.",
            """
        > internet não funciona, já reiniciei tudo
        < Oi, {first}. O sinal que chega ao seu equipamento está fraco. Quer que eu passe para um técnico?
        > sim por favor
        < Passei para o suporte, {first}. Eles respondem por aqui. Protocolo: {protocol}
        """,
        ),
        parse_handoff(
            "suporte",
            "complaint_body",
            "Cliente falou em Anatel. Sem conexão há dois dias.",
            """
        > dois dias sem internet, vou reclamar na Anatel
        < Entendo, {first}, e lamento. Nossa equipe de suporte assume agora, por aqui mesmo. Protocolo: {protocol}
        """,
        ),
    ),
    served=parse_dialogues(
        """
        < Bom dia, {first}. Aqui é {agent}, do suporte. Já vi que o sinal está baixo na sua caixa.
        > e quando vão resolver?
        < Tenho um técnico na sua região. Consigo encaixar hoje até as {hour}. Tem alguém em casa?
        > tem sim, pode vir
        < Visita confirmada. O técnico liga quando estiver a caminho.
        > ok obrigado
        < Técnico passou e trocou o conector. O sinal está ótimo agora. Pode testar?
        > funcionando, obrigado
        """,
        """
        < Olá, {first}! {agent} aqui. Vou reprovisionar seu equipamento, ele vai reiniciar sozinho.
        > tá, vou esperar
        < Pronto. Veja se voltou, por favor.
        > voltou sim! muito obrigada
        < Ótimo! Vou encerrar seu atendimento. Precisando, é só chamar.
        """,
    ),
)

SLOW_SCRIPT = TopicScript(
    Topic.SLOW,
    team="suporte",
    other_team="vendas",
    tools=("identificar_cliente", "verificar_conexao"),
    intent="lentidao",
    solved=parse_dialogues(
        """
        > a internet ta muito lenta
        < Olá, {first}! Está lenta em todos os aparelhos, ou só no Wi-Fi?
        > no wifi do quarto
        < O sinal que chega até o seu roteador está normal. No quarto, use a rede de 2,4 GHz, que alcança mais longe, e deixe o roteador em um lugar alto.
        > melhorou bastante
        < Que ótimo, {first}! Precisando, estou por aqui.
        """,
        """
        > meu plano é {plan} e só chega metade
        < Oi, {first}. Vou medir daqui. O teste foi feito no cabo ou no Wi-Fi?
        > no wifi
        < Pelo cabo, seu equipamento recebe a velocidade completa do plano de {plan}. No Wi-Fi, a distância e as paredes reduzem. Quer dicas para melhorar?
        > quero
        < Troque para a rede de 5 GHz perto do roteador, e evite deixá-lo atrás da TV. Reiniciar uma vez por semana também ajuda.
        > vou testar, obrigado
        < Por nada! Até mais, {first}.
        """,
    ),
    handed_off=(
        parse_handoff(
            "suporte",
            "asked_for_human",
            "Lentidão à noite, plano {plan}. Já reiniciou tudo.",
            """
        > todo dia a noite fica lento demais
        < Olá, {first}. Já reiniciou o equipamento hoje?
        > já fiz tudo isso, quero um atendente
        < Certo. Passei para a equipe de suporte, que continua por aqui. Protocolo: {protocol}
        """,
        ),
        parse_handoff(
            "suporte",
            "assistant_transfer",
            "Teste por cabo abaixo do contratado, plano {plan}.",
            """
        > fiz o teste no cabo e deu menos que o meu plano
        > o plano é {plan}
        < Obrigada pelo teste, {first}. Como foi pelo cabo, vou passar para o suporte analisar. Protocolo: {protocol}
        """,
        ),
        parse_handoff(
            "suporte",
            "ticket_opened",
            "Potência óptica fora do padrão, chamado aberto.",
            """
        > internet lenta e caindo toda hora
        < Olá, {first}. A potência do sinal está fora do padrão. Abri um chamado para a equipe de suporte, que continua por aqui. Protocolo: {protocol}
        """,
        ),
    ),
    served=parse_dialogues(
        """
        < Boa tarde, {first}, sou {agent}, do suporte. Vou olhar o consumo da sua porta.
        > ok
        < Havia um perfil de velocidade antigo no seu cadastro. Corrigi para {plan}. Reinicie o roteador, por favor.
        > agora sim, deu a velocidade certa
        < Perfeito! Obrigado por avisar.
        """,
        """
        < Oi, {first}! {agent} falando. Esse horário é o de maior uso na sua região.
        > mas eu pago por {plan}
        < Tem razão. Movi sua conexão para uma porta menos usada. Pode testar à noite e me dizer?
        > testei, melhorou sim
        < Que bom. Qualquer coisa é só chamar.
        """,
    ),
)
