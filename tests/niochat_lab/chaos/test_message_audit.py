"""The audit of a run sees what must not be, and nothing else."""

from typing import Any

import pytest

from niochat_lab.chaos.audits.message_audit import (
    AuditedMessage,
    AuditedSend,
    PhoneRecords,
    ProductRecords,
    audit_messages,
)

ANA, BIA = "5581900000001", "5581900000002"


def sent(number: int, phone: str = ANA, text: str = "") -> dict[str, Any]:
    return {
        "phone": phone,
        "messageid": f"in-{phone}-{number}",
        "position": number * 10,
        "text": text or f"#c{phone[-1]}-{number} oi",
    }


def received(text: str, position: int, phone: str = ANA, track: str = "") -> dict[str, Any]:
    return {"phone": phone, "text": text, "position": position, "track_id": track}


def records(*lines: dict[str, Any], **other: Any) -> ProductRecords:
    messages = {line["messageid"]: AuditedMessage(1, is_with_staff=False) for line in lines}
    given: dict[str, Any] = {
        "messages": messages,
        "sends": [],
        "unprocessed": [],
        "unknown_writes": 0,
        "wrong": [],
    }
    return ProductRecords(**(given | other))


def phones(sent: list[Any], received: list[Any], deeds: list[Any] | None = None) -> PhoneRecords:
    return PhoneRecords(sent, received, deeds or [])


def test_what_was_answered_once_and_in_order_is_clean() -> None:
    first, second = sent(1), sent(2)
    answers = [received("Recebi #c1-1.", 11), received("Recebi #c1-2.", 21)]

    found = audit_messages(phones([first, second], answers), records(first, second))

    assert found.clean
    assert (found.sent, found.answered, found.handed_off) == (2, 2, 0)


def test_an_unstored_message_is_counted_as_lost() -> None:
    found = audit_messages(phones([sent(1)], [received("Recebi #c1-1.", 11)]), records())

    assert (found.lost, found.clean) == (1, False)
    assert "not stored" in found.findings[0]


def test_an_unanswered_message_is_counted_as_lost() -> None:
    found = audit_messages(phones([sent(1)], []), records(sent(1)))

    assert found.lost == 1


def test_what_people_have_in_hand_is_not_lost() -> None:
    kept = {sent(1)["messageid"]: AuditedMessage(1, is_with_staff=True)}

    found = audit_messages(phones([sent(1)], []), records(messages=kept))

    assert found.clean
    assert found.handed_off == 1


def test_a_message_without_a_tag_is_answered_by_what_comes_later() -> None:
    wish = sent(1, text="preciso do desbloqueio")

    assert audit_messages(phones([wish], [received("Qual é o CPF?", 11)]), records(wish)).clean
    assert audit_messages(phones([wish], [received("Olá", 5)]), records(wish)).lost == 1
    assert audit_messages(phones([wish], [received("Olá", 11, BIA)]), records(wish)).lost == 1


def test_a_row_that_waits_or_was_put_aside_is_lost() -> None:
    assert (
        audit_messages(phones([], []), records(unprocessed=["row 7 of the inbox: waits"])).lost == 1
    )


@pytest.mark.parametrize("status", ["queued", "sending"])
def test_a_send_that_did_not_settle_is_lost(status: str) -> None:
    assert (
        audit_messages(phones([], []), records(sends=[AuditedSend("a", "t", 1, status)])).lost == 1
    )


def test_what_is_called_sent_must_be_on_a_phone() -> None:
    sends = [AuditedSend("a", "t", 1, "sent")]

    assert audit_messages(phones([], [received("Olá", 1, track="a")]), records(sends=sends)).clean
    assert audit_messages(phones([], []), records(sends=sends)).lost == 1


def test_two_answers_to_one_message_are_twice() -> None:
    answers = [received("Recebi #c1-1.", 11), received("Recebi #c1-1.", 12)]

    assert audit_messages(phones([sent(1)], answers), records(sent(1))).twice == 1


def test_one_send_that_arrived_twice_is_twice() -> None:
    answers = [received("Olá", 11, track="a"), received("Olá", 12, track="a")]

    assert (
        audit_messages(phones([], answers), records(sends=[AuditedSend("a", "t", 1, "sent")])).twice
        == 1
    )


def test_a_deed_that_was_done_twice_is_twice() -> None:
    deeds = [{"kind": "unlock", "contract": 7}, {"kind": "ticket", "contract": 7}]

    assert audit_messages(phones([], [], deeds), records()).clean
    assert audit_messages(phones([], [], [*deeds, deeds[0]]), records()).twice == 1


def test_answers_in_another_order_than_the_questions_are_out_of_order() -> None:
    both = [sent(1), sent(2)]
    answers = [received("Recebi #c1-2.", 21), received("Recebi #c1-1.", 22)]

    assert audit_messages(phones(both, answers), records(*both)).out_of_order == 1


def test_a_send_that_overtook_another_is_out_of_order() -> None:
    sends = [
        AuditedSend("a", "t", 1, "sent"),
        AuditedSend("b", "t", 2, "sent"),
        AuditedSend("c", "u", 0, "sent"),
    ]
    order = [received("dois", 1, track="b"), received("um", 2, track="a")]
    other = received("outro", 1, BIA, "c")

    assert audit_messages(phones([], [*order, other]), records(sends=sends)).out_of_order == 1


def test_unknown_outcomes_are_counted_and_no_offence() -> None:
    sends = [AuditedSend("a", "t", 1, "uncertain")]

    found = audit_messages(phones([], []), records(sends=sends, unknown_writes=2))

    assert (found.uncertain, found.clean) == (3, True)


def test_a_log_that_is_not_its_state_is_not_clean() -> None:
    assert not audit_messages(phones([], []), records(wrong=["wrong: …"])).clean
