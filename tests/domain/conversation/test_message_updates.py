"""How far a message got, and news of messages: forward only, in any order of arrival."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.ids import OutboxId
from niochat.domain.message import Author, DeliveryStatus, is_status_advance
from tests.domain.conversation_simulator import ConversationSimulator, build_text

STATUSES = list(DeliveryStatus)
RECEIPTS = [DeliveryStatus.DELIVERED, DeliveryStatus.READ, DeliveryStatus.PLAYED]


def answered() -> tuple[ConversationSimulator, OutboxId]:
    """The assistant's answer is on the wire."""
    simulator = ConversationSimulator()
    simulator.start_turn()
    simulator.finish_turn("Olá!")
    outbox = simulator.claim_send()
    assert outbox is not None
    return simulator, outbox


def receipt(simulator: ConversationSimulator, status: DeliveryStatus, *targets: str) -> None:
    simulator.decide_command(cmd.ReceiveDeliveryReceipt(targets or ("out-1",), status))


@given(st.lists(st.sampled_from(STATUSES), max_size=12))
def test_a_status_only_moves_forward(news: list[DeliveryStatus]) -> None:
    seen: list[DeliveryStatus] = []
    for status in news:
        if is_status_advance(seen[-1] if seen else None, status):
            seen.append(status)

    assert all(is_status_advance(before, after) for before, after in pairwise(seen))
    assert not any(is_status_advance(after, before) for before, after in pairwise(seen))


@given(
    st.lists(
        st.one_of(
            st.sampled_from(RECEIPTS),
            st.sampled_from(list(cmd.SendStatus)).filter(lambda r: r != cmd.SendStatus.RETRY),
        ),
        max_size=8,
    )
)
def test_evidence_of_delivery_wins_in_any_order_of_results_and_receipts(
    news: list[DeliveryStatus | cmd.SendStatus],
) -> None:
    simulator, outbox = answered()
    for item in news:
        if isinstance(item, cmd.SendStatus):
            sent = item is cmd.SendStatus.SENT
            simulator.settle_send(outbox, item, "out-1" if sent else None)
        else:
            receipt(simulator, item)

    status = simulator.status_of(outbox)
    assert status is not None
    if cmd.SendStatus.SENT in news:
        receipts = [item for item in news if isinstance(item, DeliveryStatus)]
        best = max(receipts, key=STATUSES.index, default=DeliveryStatus.SENT)
        assert status is best
        assert simulator.sends[outbox].status == "sent"


def test_receipts_that_come_before_the_reply_are_applied_with_it() -> None:
    simulator, outbox = answered()
    receipt(simulator, DeliveryStatus.READ)
    receipt(simulator, DeliveryStatus.DELIVERED)

    simulator.settle_send(outbox, cmd.SendStatus.SENT, "out-1")

    assert simulator.status_of(outbox) is DeliveryStatus.READ
    assert simulator.unmatched == {}


def test_an_echo_settles_an_uncertain_send() -> None:
    simulator, outbox = answered()
    simulator.settle_send(outbox, cmd.SendStatus.UNCERTAIN)
    assert simulator.status_of(outbox) is DeliveryStatus.UNCERTAIN

    simulator.decide_command(
        cmd.ReceiveEcho("out-1", str(outbox), build_text("Olá!"), simulator.now)
    )

    assert simulator.sends[outbox].status == "sent"
    assert simulator.status_of(outbox) is DeliveryStatus.SENT
    assert [said.author for said in simulator.said.values()] == [Author.CUSTOMER, Author.ASSISTANT]


def test_an_echo_beats_a_failure() -> None:
    simulator, outbox = answered()
    simulator.settle_send(outbox, cmd.SendStatus.FAILED)

    simulator.decide_command(
        cmd.ReceiveEcho("out-1", str(outbox), build_text("Olá!"), simulator.now)
    )

    assert simulator.status_of(outbox) is DeliveryStatus.SENT
    assert simulator.sends[outbox].status == "sent"


def test_an_echo_before_the_reply_settles_the_send_and_the_reply_changes_nothing() -> None:
    simulator, outbox = answered()
    simulator.decide_command(
        cmd.ReceiveEcho("out-1", str(outbox), build_text("Olá!"), simulator.now)
    )

    for result in cmd.SendStatus:
        assert simulator.settle_send(outbox, result, "out-1").effects == ()


def test_a_strangers_send_is_shown_as_the_integrations() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()

    simulator.decide_command(
        cmd.ReceiveEcho("bulk-1", "cobranca-77", build_text("Sua fatura"), simulator.now)
    )

    assert [said.author for said in simulator.said.values()] == [
        Author.CUSTOMER,
        Author.INTEGRATION,
    ]


def test_a_send_that_failed_for_good_calls_people() -> None:
    simulator, outbox = answered()

    simulator.settle_send(outbox, cmd.SendStatus.FAILED)

    assert simulator.status_of(outbox) is DeliveryStatus.FAILED
    assert simulator.active_conversation.status is ConversationStatus.WAITING


def test_news_of_a_known_message_change_it_and_wake_nobody() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message("oi", external="a")

    simulator.decide_command(cmd.ReceiveEdit("e", "a", "olá"))
    simulator.decide_command(cmd.ReceiveReaction("r", "a", "👍", from_provider=True))
    decision = simulator.decide_command(cmd.ReceiveDeletion(("a",)))

    (said,) = simulator.said.values()
    assert (said.text, said.reactions, said.deleted) == ("olá", {"provider": "👍"}, True)
    # Nothing is left to answer: from now on the customer is silent.
    assert [event.type for event in decision.events] == ["message_deleted", "timer_set"]
    assert list(simulator.timers) == ["burst", "idle"]


def test_news_that_come_before_their_message_are_applied_when_it_comes() -> None:
    simulator = ConversationSimulator()
    simulator.decide_command(cmd.ReceiveEdit("e1", "a", "primeira"))
    simulator.decide_command(cmd.ReceiveEdit("e2", "a", "segunda"))
    simulator.decide_command(cmd.ReceiveReaction("r", "a", "👍", from_provider=False))
    simulator.decide_command(cmd.ReceiveDeletion(("a",)))
    assert simulator.state is None

    simulator.receive_customer_message("oi", external="a")

    (said,) = simulator.said.values()
    assert (said.text, said.reactions, said.deleted) == ("segunda", {"customer": "👍"}, True)
    assert simulator.unmatched == {}


def test_a_reaction_to_our_message_that_comes_before_the_reply_is_kept() -> None:
    simulator, outbox = answered()
    simulator.decide_command(cmd.ReceiveReaction("r", "out-1", "❤️", from_provider=False))

    simulator.settle_send(outbox, cmd.SendStatus.SENT, "out-1")

    assert simulator.said[simulator.sends[outbox].message].reactions == {"customer": "❤️"}


def test_a_reaction_is_taken_off_again() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message(external="a")
    simulator.decide_command(cmd.ReceiveReaction("r1", "a", "👍", from_provider=False))
    simulator.decide_command(cmd.ReceiveReaction("r2", "a", "", from_provider=False))

    (said,) = simulator.said.values()
    assert said.reactions == {"customer": ""}


def test_a_receipt_of_a_customers_own_message_means_nothing() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message(external="a")

    assert (
        simulator.decide_command(cmd.ReceiveDeliveryReceipt(("a",), DeliveryStatus.READ)).effects
        == ()
    )


def test_updates_of_an_earlier_conversation_change_the_message_but_not_the_log() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message("oi", external="a")
    simulator.decide_command(cmd.ResolveConversation("ana"))
    simulator.receive_customer_message("de novo", external="b")

    decision = simulator.decide_command(cmd.ReceiveEdit("e", "a", "olá"))

    assert decision.events == ()
    assert [said.text for said in simulator.said.values()] == ["olá", "de novo"]
