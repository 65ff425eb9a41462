"""Find empty promises: a text ends the turn and announces an action that no tool did."""

import re

from niochat.assistant.text.text_normalization import fold
from niochat.assistant.turn_context import TurnContext

TRANSFER_PROMISE, ACTION_PROMISE = "anuncio_transferencia", "anuncio"
_SENTENCE = re.compile(r"[^.!?…\n]+[.!?…]*")
_GOING = r"(?:vou|irei|ja vou|deixa eu|deixe-me|me deixe|deixa que eu|estarei|pretendo)"
_PASS_ON = re.compile(
    rf"\b{_GOING}\b( agora| ja| te| lhe| voce)*( estar)? (transferi|encaminha|direciona|"
    r"repassa|passa|conecta|chamar (um|uma|o|a) (atendente|pessoa|colega|humano|supervisor))|"
    r"\b(sera|serao|voce vai ser|vai ser) (transferid|encaminhad|direcionad|atendid\w+ por um)|"
    r"\b(transferindo|encaminhando) (voce|seu atendimento|para|ao)|"
    r"\bum(a)? (atendente|colega|pessoa|especialista) (ja )?(vai|ira) (te |lhe )?"
    r"(atender|chamar|continuar|responder|falar|assumir|entrar em contato)"
)
_CHECK = re.compile(
    rf"\b{_GOING}\b( agora| ja| te| lhe| dar uma| so| aqui)* (verifica|consulta|checa|confer|olha|"
    r"pesquisa|analisa|busca|levanta|localiza|ver (isso|aqui|o que|se|sua|seu|para|pra|com)|tenta|"
    r"providencia|fazer (isso|o|a|uma)|gerar|enviar|mandar|emitir|abrir|liberar|desbloquea|"
    r"solicita|registra|cancela|agendar|marcar|retorna|resolve)|"
    r"\b(so )?(um|1) (momento|momentinho|instante|minuto|minutinho|segundo)\b|"
    r"\b(aguarde|espere|aguarda|espera)( so| um)*( (um|1|uns)?) ?(momento|instante|minut\w+|"
    r"pouco|enquanto|que|por favor)|"
    r"\b(ja|logo|em breve) (te |lhe )?(retorno|volto|respondo|aviso|envio|mando|informo)\b|"
    r"\b(estou|to) (verificando|consultando|checando|conferindo|buscando|olhando|analisando|"
    r"gerando|enviando|abrindo|providenciando|vendo)"
)
_CONDITIONAL = re.compile(
    r"\b(se|caso|quando|assim que|depois|apos|antes|posso|quer que|nao|com a equipe)\b"
)
_AGREES = re.compile(
    r"(tudo bem|pode ser|posso (transferir|passar|encaminhar|seguir)|ok|certo|concorda|"
    r"combinado)\b.*\?"
)
_ASKS = re.compile(
    r"\?|\b(me (informe|diga|envie|mande|passe|confirme|conte|avise)|informe|confirme|envie|digite|"
    r"responda|escolha|qual|desligue|reinicie|teste|faca|tire|verifique se)\b"
)


def find_empty_promise(text: str, context: TurnContext) -> tuple[str, str] | None:
    """Return (code, sentence) of an announced action that was not done; ``None``: there is none.

    A text that asks the customer for something is accepted, because the customer's answer starts a
    turn.
    """
    if context.handoff is not None or context.closing_quote:
        return None
    sentences = [found.strip() for found in _SENTENCE.findall(text)]
    for index, sentence in enumerate(sentences):
        folded = fold(sentence)
        if _PASS_ON.search(folded) and not _CONDITIONAL.search(folded):
            following = sentences[index + 1] if index + 1 < len(sentences) else ""
            if "?" not in sentence and not _asks_for_consent(following):
                return TRANSFER_PROMISE, sentence
    if context.trailing_contents or any(_ASKS.search(fold(each)) for each in sentences):
        return None
    for sentence in sentences:
        folded = fold(sentence)
        if _CHECK.search(folded) and not _CONDITIONAL.search(folded):
            return ACTION_PROMISE, sentence
    return None


def _asks_for_consent(sentence: str) -> bool:
    """Whether the sentence asks for the customer's consent."""
    return _AGREES.search(fold(sentence)) is not None
