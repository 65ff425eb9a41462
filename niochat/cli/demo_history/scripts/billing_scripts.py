"""Invented dialogues about invoices and suspended connections, in Brazilian Portuguese."""

from niochat.cli.demo_history.scripts.dialogue_script import (
    Topic,
    TopicScript,
    parse_dialogues,
    parse_handoff,
)

INVOICE_SCRIPT = TopicScript(
    Topic.INVOICE,
    team="financeiro",
    other_team="atendimento",
    tools=("identificar_cliente", "consultar_faturas", "enviar_fatura"),
    intent="fatura",
    solved=parse_dialogues(
        """
        > Oi, bom dia
        > preciso da segunda via do boleto
        < Olá! Sou a Nia, assistente virtual do Provedor Demo. Para localizar seu cadastro, me informe o CPF do titular, por favor.
        > é o cadastro que tá nesse número mesmo
        < Encontrei, {first}. Há uma fatura em aberto de {amount}, com vencimento em {due}. Quer o PIX copia e cola ou o boleto em PDF?
        > pix
        < Pronto! Enviei o código PIX da fatura de {amount}. Assim que o pagamento for confirmado, a baixa é automática. Posso ajudar em algo mais?
        > não, obrigada
        < Eu que agradeço, {first}. Tenha um ótimo dia!
        """,
        """
        > Boa tarde, qual o valor da minha fatura desse mês?
        < Olá, {first}! A fatura deste mês é de {amount}, com vencimento em {due}, e ainda está em aberto.
        > manda o boleto por favor
        < Enviado! O boleto vai até o dia {due} sem acréscimo.
        > ok obrigado 👍
        < Por nada, {first}! Até mais.
        """,
        """
        > oi paguei a fatura ontem, já caiu aí?
        < Oi, {first}! Sim, o pagamento de {amount} foi confirmado. Não há nenhuma fatura em aberto no seu contrato.
        > ótimo, era só isso
        < Que bom! Qualquer coisa, é só chamar.
        """,
    ),
    handed_off=(
        parse_handoff(
            "financeiro",
            "asked_for_human",
            "Cliente contesta o valor da fatura de {amount}.",
            """
        > Minha fatura veio errada
        > veio {amount} e meu plano é mais barato
        < Olá, {first}! Vejo a fatura de {amount} com vencimento em {due}. Ela inclui a taxa de mudança de vencimento. Quer que eu explique os itens?
        > não, quero falar com uma pessoa do financeiro
        < Certo, {first}. Passei seu atendimento para a equipe do financeiro, que continua por aqui. Protocolo: {protocol}
        """,
        ),
        parse_handoff(
            "financeiro",
            "assistant_transfer",
            "Pagou e a fatura continua em aberto.",
            """
        > paguei semana passada e continua aparecendo em aberto
        < Sinto por isso, {first}. Não localizei o pagamento no sistema. Vou passar para o financeiro conferir. Protocolo: {protocol}
        """,
        ),
        parse_handoff(
            "financeiro",
            "anger",
            "Cobrança em duplicidade, cliente irritado.",
            """
        > cobraram minha fatura duas vezes, que absurdo
        < Sinto muito por isso, {first}. Vou passar agora para o financeiro resolver com você. Protocolo: {protocol}
        """,
        ),
    ),
    served=parse_dialogues(
        """
        < Oi, {first}, aqui é {agent}, do financeiro. Já estou vendo sua fatura de {amount}.
        > então, veio mais caro esse mês
        < Entendi. Foi cobrada uma taxa que não era sua. Já corrigi e gerei um novo boleto, com vencimento em {due}.
        > perfeito, muito obrigado
        < Por nada! Qualquer dúvida, estamos à disposição.
        """,
        """
        < Olá, {first}! Sou {agent}. Pode me mandar o comprovante, por favor?
        > paguei pelo aplicativo, dia {due}
        > valor {amount}
        < Localizei aqui, estava com o identificador errado. Dei baixa manual, já está quitado.
        > valeu
        """,
    ),
)

UNLOCK_SCRIPT = TopicScript(
    Topic.UNLOCK,
    team="financeiro",
    other_team="atendimento",
    tools=("identificar_cliente", "consultar_faturas", "desbloqueio_confianca"),
    intent="desbloqueio",
    solved=parse_dialogues(
        """
        > cortaram minha internet
        < Olá, {first}. Seu acesso está suspenso por uma fatura de {amount} vencida em {due}. Posso liberar por 3 dias com o desbloqueio de confiança, uma vez por mês. Quer?
        > quero sim, pago sexta
        < Liberado, {first}! Seu acesso volta em até 5 minutos. Quer o PIX da fatura agora?
        > manda
        < Enviei o código PIX de {amount}. Pagando, a baixa é automática.
        > voltou aqui, obrigado
        < Por nada! Boa noite.
        """,
        """
        > já paguei a fatura, pode desbloquear?
        < Oi, {first}! O pagamento de {amount} foi confirmado e seu acesso já está liberado. Desligue e ligue o roteador, por favor.
        > funcionou
        < Ótimo! Precisando, estou por aqui.
        """,
    ),
    handed_off=(
        parse_handoff(
            "financeiro",
            "assistant_transfer",
            "Já usou o desbloqueio de confiança no mês.",
            """
        > bloquearam minha internet, preciso trabalhar
        < Olá, {first}. Há uma fatura de {amount} vencida em {due}. O desbloqueio de confiança já foi usado neste mês.
        > libera só mais essa vez por favor
        < Vou passar para o financeiro ver o que é possível. Protocolo: {protocol}
        """,
        ),
        parse_handoff(
            "financeiro",
            "asked_for_human",
            "Quer negociar faturas vencidas.",
            """
        > quero negociar minhas faturas atrasadas
        < Claro, {first}. A equipe do financeiro cuida de negociações. Passei seu atendimento para eles. Protocolo: {protocol}
        """,
        ),
    ),
    served=parse_dialogues(
        """
        < Olá, {first}. Sou {agent}. Consigo parcelar as duas faturas em três vezes. Fica bom para você?
        > fica sim
        < Feito. Enviei o primeiro boleto, de {amount}, e liberei seu acesso.
        > muito obrigado, salvou meu dia
        < Eu que agradeço. Tenha um bom dia!
        """,
        """
        < {first}, aqui é {agent}. Já pagou a fatura de {amount}?
        > paguei agora no pix
        < Confirmado. Acesso liberado.
        > obrigada
        """,
    ),
)
