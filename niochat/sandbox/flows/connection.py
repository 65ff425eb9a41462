"""No internet or slow internet: blocked, maintenance, the line, the modem, a ticket."""

import re

from niochat.sandbox.flows.actions import Action, Say, Tool
from niochat.sandbox.flows.offers import MORE, ask_again, hand_over, use
from niochat.sandbox.flows.questions import Question
from niochat.sandbox.flows.scene import Scene
from niochat.sandbox.flows.tickets import Category, open_ticket
from niochat.sandbox.flows.words import Intent, plain, says_no, says_yes, shows_picture
from niochat.sandbox.rim import Body

POWER = (
    "O modem está ligado na tomada? Desligue por 30 segundos e ligue de novo. "
    "Depois me diga: voltou?"
)
LOCAL = (
    "Pelo sistema, o seu equipamento está conectado, então pode ser algo na rede da casa. "
    "Desligue o roteador por 30 segundos, confira os cabos e teste em outro aparelho. "
    "Teste de novo e me diga: voltou?"
)
CABLE = f"A sua conexão está ativa no sistema. {Question.CABLE}"
TEST_BY_CABLE = (
    "Chegue perto do roteador e, se puder, teste com um aparelho no cabo de rede. Melhorou?"
)
RESTART = "Desligue o roteador por 30 segundos, ligue e faça um novo teste. Melhorou?"
GLAD = f"Que bom! {MORE}"

_STILL_OUT = re.compile(
    r"\bnao (volt|funcion|deu|resolv|adiant|conect|normaliz)\w*|\bcontinua|\bainda\b|\bnada\b"
    r"|\bmesma coisa\b|\bde novo\b|sem (internet|net|conexao|sinal)"
)
_STILL_SLOW = re.compile(
    r"\bcontinua|\bainda\b|\bmesma coisa\b|(no|pelo) cabo tambem|nos dois"
    r"|\bnao (melhor|resolv|adiant|mud)\w*"
)
_BACK = re.compile(r"\b(voltou|funcion\w+|normaliz\w+|conectou|melhorou|resolv\w+)\b")
_RED = re.compile(r"\bvermelh[ao]\b")
_NOT_RED = re.compile(r"\b(verde|apagad[ao]|desligad[ao]|nao (esta|ta|tem)|sem luz)\b")
_SIM = re.compile(r"^\W*(sim|s)\b", re.MULTILINE)
_UNKNOWN = "O estado da conexão não pôde ser consultado."
_WIFI = re.compile(r"\bwi-?fi\b|\bcelular\b")
_WIRE = re.compile(r"\bcabo\b")


def blocked(scene: Scene) -> Action:
    """Why there is no internet, and the two ways out. No ticket, no advice to restart."""
    reason = "Seu contrato está suspenso por uma fatura pendente."
    if scene.offers(Tool.UNLOCK):
        return Say(
            f"{reason} Você prefere pagar agora (PIX ou boleto) ou o desbloqueio em confiança?"
        )
    return Say(f"{reason} Para pagar agora, prefere PIX ou boleto?")


def start_offline(scene: Scene) -> Action:
    """Blocked first, then maintenance, then the line."""
    if scene.blocked:
        return blocked(scene)
    if scene.offers(Tool.CHECK_MAINTENANCE):
        return use(scene, Tool.CHECK_MAINTENANCE)
    return use(scene, Tool.CHECK_CONNECTION)


def start_slow(scene: Scene) -> Action:
    """A blocked contract may be a reduced one; otherwise the line is looked at."""
    return blocked(scene) if scene.blocked else use(scene, Tool.CHECK_CONNECTION)


def after_maintenance(scene: Scene, data: Body) -> Action:
    """A known maintenance is told, without a ticket; otherwise the line is checked."""
    known = data.get("manutencao")
    return maintenance(known) if known else use(scene, Tool.CHECK_CONNECTION)


def maintenance(known: Body) -> Action:
    """A maintenance in its own words, with the forecast if there is one."""
    told = f"Há uma manutenção na sua região: {known.get('mensagem') or 'equipe no local'}"
    forecast = known.get("previsao")
    expected = f" Previsão: {forecast}." if forecast else ""
    return Say(f"{told.rstrip('.')}.{expected} Não é preciso abrir chamado.")


def after_check(scene: Scene, data: Body) -> Action:
    """Online: local advice. Offline: the LOS light. Unknown is never told as offline."""
    match data.get("estado"):
        case "online":
            return Say(CABLE if _line_wish(scene) is Intent.SLOW else LOCAL)
        case "offline":
            return Say(f"Seu equipamento aparece sem sinal. {Question.LOS}")
        case _:
            return hand_over(scene, _UNKNOWN, _line_wish(scene))


def answer_light(scene: Scene, question: Question) -> Action:
    """Red: a ticket. Not red: the plug. A picture is asked for in words."""
    words = plain(scene.said)
    if says_no(scene.said) or _NOT_RED.search(words):
        return Say(POWER)
    if says_yes(scene.said) or _RED.search(words):
        return open_ticket(scene, Category.RED_LIGHT)
    if shows_picture(scene.said):
        return Say(f"Não consigo ver a imagem. Me diga em texto: {question}")
    return ask_again(scene, question)


def answer_back(scene: Scene, question: Question) -> Action:
    """Still out: a ticket. Back: glad."""
    return _settle(scene, question, _STILL_OUT, Category.NO_CONNECTION)


def answer_better(scene: Scene, question: Question) -> Action:
    """Still slow: a ticket. Better: glad."""
    return _settle(scene, question, _STILL_SLOW, Category.SLOW)


def answer_cable(scene: Scene, question: Question) -> Action:
    """Wi-Fi: by cable. Cable: restart. Slow on both: a ticket."""
    words = plain(scene.said)
    if _STILL_SLOW.search(words) or _BACK.search(words):
        return answer_better(scene, question)
    if _WIFI.search(words):
        return Say(TEST_BY_CABLE)
    return Say(RESTART) if _WIRE.search(words) else ask_again(scene, question)


def _settle(
    scene: Scene, question: Question, persists: re.Pattern[str], category: Category
) -> Action:
    words = plain(scene.said)
    if persists.search(words):
        return open_ticket(scene, category)
    if _BACK.search(words):
        return Say(GLAD)
    if says_no(scene.said):
        return open_ticket(scene, category)
    # "ok" after an advice is a promise to try it, not a success.
    return Say(GLAD) if _SIM.search(words) else ask_again(scene, question)


def _line_wish(scene: Scene) -> Intent:
    return Intent.SLOW if scene.wish is Intent.SLOW else Intent.OFFLINE
