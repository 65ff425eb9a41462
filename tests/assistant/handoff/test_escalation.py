"""What is people's: said once, it goes to them in the same turn, and no model is asked."""

import pytest

from niochat.assistant.handoff.escalation import EscalationReason, detect_escalation
from tests.assistant.assistant_pipeline import AssistantPipeline

PHRASES: dict[EscalationReason, list[str]] = {
    EscalationReason.HUMAN: [
        "quero falar com um atendente",
        "ATENDENTE",
        "me passa pra uma pessoa de verdade",
        "quero um ser humano",
        "atendimento humano por favor",
        "quero falar com alguém",
        "posso conversar com um humano?",
        "nao quero falar com robô",
        "não quero conversar com uma máquina",
        "quero falar com o gerente",
        "falar com a supervisora",
        "preciso tratar com o responsável",
        "chama uma atendente aí",
    ],
    EscalationReason.CANCELLATION: [
        "quero cancelar",
        "Cancela meu plano",
        "quero cancelar minha internet",
        "solicito o cancelamento do contrato",
        "qual a multa de rescisao",
        "quero encerrar meu contrato",
        "vou desistir do plano",
        "não quero mais essa internet",
        "nao quero mais o servico",
        "como faço pra rescindir",
        "CANCELEM ISSO",
    ],
    EscalationReason.COMPLAINT_BODY: [
        "vou no PROCON",
        "vou reclamar na anatel",
        "já abri no reclame aqui",
        "vou processar voces",
        "vou processar a empresa",
        "meu advogado vai entrar em contato",
        "minha advogada já sabe",
        "vou à justiça",
        "vou entrar na justica",
        "juizado de pequenas causas",
        "quero danos morais",
        "abri no consumidor.gov",
        "vou cancelar e vou no procon",
    ],
    EscalationReason.ANGER: [
        "isso é uma palhaçada",
        "que palhacada",
        "é uma vergonha esse serviço",
        "que absurdo",
        "vocês são incompetentes",
        "internet de merda",
        "essa porcaria não funciona",
        "falta de respeito com o cliente",
        "um descaso total",
        "não aguento mais",
        "cansei de esperar",
        "bando de golpistas",
        "serviço ridículo",
        "p\u0301orra, de novo sem net",
        "caralho meu",
    ],
}
ORDINARY = [
    "oi, bom dia",
    "quero minha fatura",
    "estou sem internet",
    "a internet está lenta",
    "pode me mandar o pix?",
    "quero o desbloqueio em confiança",
    "não quero cancelar, só quero pagar",
    "não vou cancelar",
    "quero cancelar o chamado",
    "cancela esse boleto, pago no pix",
    "cancelar a visita de amanhã",
    "quero falar sobre minha fatura",
    "falei com ela ontem",
    "estou com raiva da luz vermelha piscando",
    "o modem fica no quarto das pessoas",
    "sou a pessoa responsável pelo contrato",
    "a equipe veio ontem e resolveu",
    "quero mudar de plano",
    "minha casa fica na Rua da Justiça, 10",
    "paguei o boleto ontem",
    "quero desistir de esperar, manda o boleto",
    "meu nome é Humberto",
    "tem atendimento amanhã?",
    "vou encerrar por hoje, obrigado",
    "nao quero mais nada, obrigado",
    "não quero mais boleto, quero pix",
    "o técnico pode vir hoje?",
]
_SAID = [(phrase, topic) for topic, phrases in PHRASES.items() for phrase in phrases]


@pytest.mark.parametrize(("phrase", "topic"), _SAID)
def test_each_phrase_is_of_its_topic(phrase: str, topic: EscalationReason) -> None:
    assert detect_escalation(["oi", phrase]) is topic
    assert detect_escalation([phrase.upper()]) is topic


@pytest.mark.parametrize("phrase", ORDINARY)
def test_ordinary_sentences_do_not_escalate(phrase: str) -> None:
    assert detect_escalation([phrase]) is None


@pytest.mark.asyncio
@pytest.mark.timeout(60)
@pytest.mark.parametrize("topic", PHRASES)
async def test_people_take_over_in_the_first_turn_without_a_model(
    pipeline: AssistantPipeline, topic: EscalationReason
) -> None:
    await pipeline.inject_fault("model", "status", status=500)
    for phrase in PHRASES[topic][:4]:
        customer = await pipeline.create_customer()

        finish = await customer.say(phrase)

        assert finish.handoff is not None
        assert (finish.handoff.reason, finish.model, finish.tokens_in) == (topic, "", 0)
        assert await customer.load_status() == ("waiting", "atendimento")
        assert len(customer.texts) == 1
        assert customer.texts[0].startswith("Passei seu atendimento para a equipe Atendimento")
        assert "Protocolo: " in customer.texts[0]
        assert f"«{phrase}»" in (await customer.load_notes())[-1]
        assert "Cliente não identificado." in (await customer.load_notes())[-1]
    assert await pipeline.count_erp_requests() == {}


@pytest.mark.asyncio
async def test_the_team_is_the_one_of_the_wish_and_is_told_who_it_is(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer("no_invoice")
    await customer.complete_identification("quero minha fatura")

    await customer.say(f"{customer.cpf} quero um atendente")

    assert await customer.load_status() == ("waiting", "financeiro")
    (note,) = await customer.load_notes()
    assert "ROBERTO CAVALCANTE NEVES" in note
    assert f"contrato {customer.contract} (Ativo)" in note
    assert "Pedido: fatura." in note
    assert customer.cpf not in note


@pytest.mark.asyncio
async def test_what_was_said_before_does_not_call_people_again(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    await customer.say("quero cancelar o chamado")

    finish = await customer.say("bom dia")

    assert finish.handoff is None
