"""The providers of the journeys: quick ones, and lines for each thing that may go wrong.

Every worker of the tests has its own: what goes wrong for one goes wrong for nobody else.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
WORKERS = [f"gw{number}" for number in range(int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))]
DELIVERY = {
    "repeat": 3,
    "repeat_delay_s": 0.2,
    "copies": 1,
    "echo": True,
    "acks": True,
    "acks_first": False,
}
"""How the sandbox's gateway delivers webhooks unless a test says otherwise."""


@dataclass(frozen=True)
class ChannelDefinition:
    """A channel of a provider; its ``token`` and the provider's model ``key`` are for faults.

    One that is ``named`` has a token that was captured, and is everybody's.
    """

    name: str
    channel: str = "principal"
    owner: str = "558130000002"
    named: str = ""
    worker: str = WORKER

    @property
    def tenant(self) -> str:
        return self.name if self.named else f"{self.name}-{self.worker}"

    @property
    def token(self) -> str:
        return self.named or f"token-{self.tenant}-{self.channel}"

    @property
    def key(self) -> str:
        return f"sandbox-{self.tenant}"


FAST = ChannelDefinition("rapida")
STREAMING = ChannelDefinition("corrente")
SUSPENDED = ChannelDefinition("suspensa")
SPEECHLESS = ChannelDefinition("muda")
FORGOTTEN = ChannelDefinition("esquecida")
MISTAKEN = ChannelDefinition("enganada")
SERVED = ChannelDefinition("servida")
"""Has an ERP, and a team for every sector."""
RATED = ChannelDefinition("avaliada")
"""Asks for ratings, soon after the end and also in the night. The others ask for none."""
UNSERVED = ChannelDefinition("desligada")
"""Has an ERP that goes wrong."""
BROKEN = {
    name: ChannelDefinition("falhas", name)
    for name in ("erro", "ocupado", "limite", "recusado", "perdida", "sem-eco", "preso", "barrado")
}
RATINGS = {
    "after_s": 10,
    "ask_again_days": 0,
    "quiet_from": "00:00",
    "quiet_until": "00:00",
    "request_text": "Como foi?",
    "thanks_text": "Obrigada!",
    "regret_text": "Que pena!",
}
CAPTURED = ChannelDefinition("capturas", "inventadas", "558130009999", "fixture-token")
REAL_CAPTURED = ChannelDefinition("capturas", "reais", "558130000001", "instance-token")
LINES = [
    FAST,
    STREAMING,
    SUSPENDED,
    SPEECHLESS,
    FORGOTTEN,
    MISTAKEN,
    SERVED,
    RATED,
    UNSERVED,
    *BROKEN.values(),
    CAPTURED,
    REAL_CAPTURED,
]


def channels_for_worker(worker: str) -> list[ChannelDefinition]:
    return [replace(line, worker=worker) for line in LINES]


def build_provider(line: ChannelDefinition, sandbox: str, **changes: Any) -> dict[str, Any]:
    """The provider of ``line`` as a file declares it, with all its channels."""
    channels = [
        {
            "slug": each.channel,
            "name": each.channel,
            "base_url": f"{sandbox}/gateway",
            "token": each.token,
        }
        for each in channels_for_worker(line.worker)
        if each.tenant == line.tenant
    ]
    assistant = {
        "endpoint": f"{sandbox}/model/v1",
        "api_key": line.key,
        "model": "sandbox-simulador",
        "stream": line.name == STREAMING.name,
        # The longest that a test makes the model think, and some more.
        "max_seconds": 3 if line.name == SPEECHLESS.name else 45,
    }
    declared = {
        "slug": line.tenant,
        "name": line.tenant.capitalize(),
        "policy": {
            "burst_window_s": 0.3,
            "burst_limit_s": 1.5,
            "stop_machines": False,
            "ratings": RATINGS if line.name == RATED.name else {"after_s": 0},
        },
        "channels": channels,
        "assistant": assistant,
    }
    if line.name in (SERVED.name, UNSERVED.name):
        declared["erp"] = {"base_url": f"{sandbox}/sgp", "app": "niochat", "token": line.key}
        declared["teams"] = [
            {"slug": slug, "name": slug.capitalize()}
            for slug in ("atendimento", "financeiro", "suporte", "vendas")
        ]
    return {**declared, **changes}


def build_providers_file(sandbox: str) -> str:
    """The file of them all, of every worker."""
    tenants = {line.tenant: line for worker in WORKERS for line in channels_for_worker(worker)}
    return write_providers_file([build_provider(line, sandbox) for line in tenants.values()])


def write_providers_file(declared: Sequence[Mapping[str, Any]]) -> str:
    return yaml.safe_dump({"providers": [dict(each) for each in declared]}, sort_keys=False)
