"""The trust unlock: only by the customer's own words, and told as the ERP answered."""

from niochat.sandbox.flows.actions import Action, Say, Tool
from niochat.sandbox.flows.offers import use
from niochat.sandbox.flows.scene import Scene
from niochat.sandbox.flows.words import Intent, last_line
from niochat.sandbox.rim import Body


def start(scene: Scene) -> Action:
    """The request, in the customer's words."""
    words = next(iter(scene.since(Intent.UNLOCK)), scene.said)
    return use(scene, Tool.UNLOCK, palavras=last_line(words))


def unlocked(_scene: Scene, data: Body) -> Action:
    """Until when, the protocol, and what to do with the router."""
    until, protocol = data.get("liberado_ate"), data.get("protocolo")
    return Say(
        f"Pronto! Seu acesso está liberado até {until}. Protocolo: {protocol}. "
        "Desligue e ligue o roteador; a conexão volta em até 10 minutos."
    )
