"""A day at an invented provider: conversations in every state, for the screenshots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from desk_tools import DemoStack, wait_until

MARIA, JOSE, ANA, SEVERINO, JOSEFA, CARLOS, LUCIANA, ANTONIO, RITA, PAULO = range(10)
"""Places of the demo's subscribers in the list that ``niochat demo`` prints."""


class DemoDay:
    """Writes as customers, and acts as the demo's users, most of the time as its administrator."""

    def __init__(self, stack: DemoStack) -> None:
        self._stack = stack
        self._agent = stack.api("agent")
        self._admin = stack.api("admin")
        names = {"admin": ("Helena Duarte", self._admin), "agent": ("Rafael Nunes", self._agent)}
        for name, api in names.values():
            api.patch("/auth/me", json={"name": name}).raise_for_status()
        for api in (self._admin, self._agent):
            # Away, so that the queue gives them nothing: the conversations are dealt out below.
            api.put("/presence/me", json={"state": "away"}).raise_for_status()

    def phone(self, who: int) -> str:
        return str(self._stack.subscribers[who]["phone"])

    def write(self, who: int, text: str, **more: object) -> None:
        """The subscriber writes, under the name of its WhatsApp."""
        name = self._stack.subscribers[who]["name"]
        self._stack.say(self.phone(who), text, name=name, **more)

    def exchange(self, who: int, *texts: str) -> None:
        """The subscriber writes, and waits for the assistant's answer each time."""
        for text in texts:
            before = len(self._stack.heard(self.phone(who)))
            self.write(who, text)

            def is_answered(count: int = before) -> bool:
                return len(self._stack.heard(self.phone(who))) > count

            wait_until(is_answered, 90)

    def act(
        self, who: int, act: str, body: object = None, *, api: httpx.Client | None = None
    ) -> None:
        """An act of a user on the subscriber's conversation."""
        conversation = self._stack.conversation(self._admin, self.phone(who))
        method = "PUT" if act in ("labels", "priority") else "POST"
        path = f"/conversations/{conversation['id']}/{act}"
        (api or self._admin).request(method, path, json=body or {}).raise_for_status()

    def conversation(self, who: int) -> dict[str, Any]:
        return self._stack.conversation(self._admin, self.phone(who))

    def fill(self) -> None:
        """Everything that the screenshots show."""
        self._add_alert_rules()
        self._add_sla_policies()
        cpf = [each["cpf"] for each in self._stack.subscribers]
        self.exchange(MARIA, "oi, boa tarde", f"quero a segunda via da fatura, cpf {cpf[MARIA]}")
        self.exchange(MARIA, "sim, está certo")
        self.exchange(RITA, "minha internet caiu de novo", f"{cpf[RITA]}")
        self._take(ANA, "bom dia! a internet está muito lenta desde ontem")
        self._work_with_ana()
        self.write(JOSE, "quero falar com um atendente, por favor")
        self.exchange(SEVERINO, "preciso falar com uma pessoa")
        self.act(
            JOSE, "transfer", {"team": "financeiro", "note": "Pediu acordo da fatura vencida."}
        )
        self.act(SEVERINO, "transfer", {"team": "suporte", "note": "Sem sinal há duas horas."})
        self.act(SEVERINO, "priority", {"priority": "urgent"})
        self.act(SEVERINO, "labels", {"labels": ["sem-conexao"]})
        self._take(CARLOS, "vocês atendem no bairro do Janga?")
        self.act(CARLOS, "messages", {"text": "Atendemos sim! Qual é o seu CEP?"})
        tomorrow = (datetime.now(UTC) + timedelta(hours=15)).isoformat()
        self.act(CARLOS, "snooze", {"until": tomorrow})
        self._take(LUCIANA, "queria mudar o vencimento para o dia 20")
        self.act(LUCIANA, "messages", {"text": "Pronto, Luciana: o vencimento agora é dia 20."})
        self.act(LUCIANA, "resolve")
        self._take(PAULO, "o técnico vem hoje?", api=self._agent)
        self.act(PAULO, "messages", {"text": "Sim, entre 14h e 16h."}, api=self._agent)
        self.write(PAULO, "perfeito, estarei em casa")
        self.act(PAULO, "labels", {"labels": ["visita-tecnica"]})

    def _take(self, who: int, text: str, *, api: httpx.Client | None = None) -> None:
        self.exchange(who, text)
        self.act(who, "assign", api=api)

    def _work_with_ana(self) -> None:
        self.act(ANA, "messages", {"text": "Bom dia, Ana! Aqui é a Helena. Vou olhar agora."})
        self.write(ANA, "obrigada. olha as luzes do aparelho", sample="los-verde")
        self.write(ANA, "", speech="Já desliguei e liguei o roteador e não mudou nada.", seconds=7)
        note = "Sinal óptico bom (-19 dBm). Parece *Wi-Fi*: testar no cabo antes de abrir visita."
        self.act(ANA, "notes", {"text": note})
        self.act(
            ANA,
            "messages",
            {
                "text": "O sinal que chega na sua casa está *ótimo*. Vamos testar juntos:\n"
                "1. Ligue o computador com o cabo de rede\n"
                "2. Faça o teste em https://provedordemo.example.com.br/teste\n"
                "3. Me mande o resultado por aqui"
            },
        )
        self.write(ANA, "no cabo deu 480 mega 😮")
        self.act(ANA, "priority", {"priority": "high"})
        self.act(ANA, "labels", {"labels": ["lentidao", "wi-fi"]})

    def _add_alert_rules(self) -> None:
        """Rules of every state: normal, in alert, without enough data, off."""
        owner = ["dona@provedordemo.example.com.br"]
        quiet = {"quiet_from": "22:00", "quiet_until": "07:00"}
        for rule in (
            {"name": "Fila grande", "kind": "queue_long", "threshold": 12, "clear_threshold": 6},
            {
                "name": "Suporte com gente esperando",
                "kind": "queue_long",
                "team": "suporte",
                "threshold": 1,
                "clear_threshold": 0,
                "hold_minutes": 0,
                "emails": owner,
            },
            {"name": "Canal fora do ar", "kind": "channel_down", "threshold": 3, "emails": owner},
            {
                "name": "Nota baixa",
                "kind": "rating_low",
                "threshold": 3.5,
                "clear_threshold": 4,
                "window_minutes": 1440,
                "emails": owner,
                **quiet,
            },
            {
                "name": "ERP sem resposta",
                "kind": "erp_failing",
                "threshold": 20,
                "clear_threshold": 5,
                "window_minutes": 15,
                "active": False,
            },
        ):
            self._admin.post("/alert-rules", json=rule).raise_for_status()

    def _add_sla_policies(self) -> None:
        """A short promise for urgent conversations, so that one is breached, and a usual one."""
        for policy in (
            {
                "name": "Urgente",
                "priorities": ["urgent"],
                "first_answer_s": 5,
                "resolution_s": 14_400,
            },
            {
                "name": "Padrão",
                "position": 10,
                "first_answer_s": 900,
                "next_answer_s": 1800,
                "resolution_s": 28_800,
            },
        ):
            body = {"business_hours": False, **policy}
            self._admin.post("/sla-policies", json=body).raise_for_status()
