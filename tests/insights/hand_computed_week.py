"""A week of a provider in São Paulo: 27 conversations, among them every awkward case.

Open on weekdays from 8 to 18 and on Saturdays from 8 to 12; Tuesday the 21st is a public holiday.
The figures that follow from it are in ``test_hand_computed_metrics.py``, computed by hand.
"""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from niochat.domain.business_hours import BusinessShift, is_open
from niochat.domain.conversation.commands import SendStatus
from niochat.domain.message import DeliveryStatus
from niochat.domain.rating.rating_message import OpinionKind, RatingOpinion
from tests.insights.played_conversation import PlayedThread

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
HOURS = [
    {"days": [0, 1, 2, 3, 4], "opens": "08:00:00", "closes": "18:00:00"},
    {"days": [5], "opens": "08:00:00", "closes": "12:00:00"},
]
_SHIFTS = (
    BusinessShift((0, 1, 2, 3, 4), time(8), time(18)),
    BusinessShift((5,), time(8), time(12)),
)
HOLIDAY = date(2026, 4, 21)


def is_staffed(local: datetime) -> bool:
    return is_open(_SHIFTS, lambda day: day == HOLIDAY, local)


def play_week(people: dict[str, str]) -> dict[str, PlayedThread]:
    """Returns the threads by the names of their first conversations."""

    def c(moment: str) -> PlayedThread:
        return PlayedThread(SAO_PAULO, people, is_staffed).at(moment)

    week = {
        # The assistant solves it, the customer says goodbye and rates it.
        "c01": c("2026-04-20 09:00")
        .writes()
        .at("09:01")
        .answers()
        .at("09:04")
        .writes()
        .at("09:05")
        .closes()
        .at("09:07")
        .is_asked()
        .at("09:08")
        .rates("4"),
        # The assistant in front, then an agent.
        "c02": c("2026-04-20 10:00")
        .writes()
        .at("10:01")
        .hands_off("suporte")
        .at("10:11")
        .assigned("ana")
        .at("10:13")
        .replies("ana")
        .at("10:20")
        .resolves("ana")
        .at("10:22")
        .is_asked()
        .at("10:23")
        .rates("🤩")
        .at("10:24")
        .rates("muito obrigada!"),
        # Reopened by another agent.
        "c03": c("2026-04-20 11:00")
        .writes()
        .at("11:02")
        .hands_off("suporte")
        .at("11:05")
        .assigned("ana")
        .at("11:06")
        .replies("ana")
        .at("11:10")
        .resolves("ana")
        .at("13:10")
        .reopens("bia")
        .at("13:15")
        .replies("bia")
        .at("13:20")
        .resolves("bia"),
        # Transferred twice before anybody answers.
        "c04": c("2026-04-20 12:00")
        .writes()
        .at("12:01")
        .hands_off("suporte", "other")
        .at("12:03")
        .assigned("ana")
        .at("12:04")
        .transfers("ana", team="financeiro")
        .at("12:10")
        .assigned("bia")
        .at("12:11")
        .transfers("bia", to="caio")
        .at("12:15")
        .replies("caio")
        .at("12:16")
        .writes()
        .at("12:20")
        .replies("caio")
        .at("12:30")
        .resolves("caio")
        # Rated late, and corrected.
        .at("12:32")
        .is_asked()
        .later(23)
        .rates("1")
        .rates("2"),
        # Snoozed while the customer waits.
        "c05": c("2026-04-20 14:00")
        .writes()
        .at("14:01")
        .hands_off("suporte")
        .at("14:05")
        .assigned("ana")
        .at("14:06")
        .replies("ana")
        .at("14:10")
        .writes()
        .at("14:12")
        .snoozes("ana", 120)
        .at("16:12")
        .wakes()
        .at("16:15")
        .replies("ana")
        .at("16:20")
        .resolves("ana"),
        # Across midnight; c20 is the same customer, 64 hours later.
        "c06": c("2026-04-20 23:50")
        .writes()
        .at("23:51")
        .answers()
        .at("2026-04-21 00:05")
        .writes()
        .at("00:06")
        .closes()
        # c20: labels.
        .at("2026-04-23 16:00")
        .writes()
        .at("16:01")
        .hands_off("financeiro")
        .at("16:02")
        .assigned("bia")
        .at("16:03")
        .labels("bia", "fatura", "segunda-via")
        .at("16:05")
        .replies("bia")
        .at("16:10")
        .resolves("bia"),
        # A holiday.
        "c07": c("2026-04-21 09:00")
        .writes()
        .at("09:02")
        .hands_off("suporte")
        .at("2026-04-22 08:30")
        .assigned("ana")
        .at("08:31")
        .replies("ana")
        .at("08:40")
        .resolves("ana"),
        # Begins within business hours, answered the next morning.
        "c08": c("2026-04-22 17:50")
        .writes()
        .at("17:51")
        .hands_off("financeiro")
        .at("2026-04-23 08:05")
        .assigned("bia")
        .at("08:10")
        .replies("bia")
        .at("08:15")
        .resolves("bia"),
        # Resolved by silence.
        "c09": c("2026-04-22 10:00")
        .writes()
        .at("10:01")
        .answers()
        .at("10:31")
        .idles()
        .at("11:01")
        .idles(),
        # The agent goes offline.
        "c12": c("2026-04-22 12:00")
        .writes()
        .at("12:01")
        .hands_off("suporte")
        .at("12:02")
        .assigned("ana")
        .at("12:08")
        .leaves("ana", "suporte")
        .at("12:10")
        .assigned("bia")
        .at("12:12")
        .replies("bia")
        .at("12:20")
        .resolves("bia"),
        # A message is edited after it was answered.
        "c13": c("2026-04-22 13:00")
        .writes()
        .at("13:01")
        .answers()
        .at("13:05")
        .edits()
        .at("13:07")
        .answers()
        .at("13:08")
        .writes()
        .at("13:09")
        .closes()
        # The customer evaluates without saying how much.
        .at("13:12")
        .is_asked()
        .at("13:13")
        .rates("foi como sempre", RatingOpinion(OpinionKind.EVALUATION)),
        # An agent takes over what the assistant has not answered.
        "c14": c("2026-04-22 14:00")
        .writes()
        .at("14:01")
        .assigned("ana")
        .at("14:04")
        .replies("ana")
        .at("14:10")
        .resolves("ana"),
        # The agent writes first.
        "c15": c("2026-04-22 15:00")
        .starts("ana")
        .at("15:30")
        .writes()
        .at("15:34")
        .replies("ana")
        .at("15:40")
        .resolves("ana"),
        # Returned to the assistant before any person answered.
        "c16": c("2026-04-23 09:00")
        .writes()
        .at("09:01")
        .hands_off("suporte", "other")
        .at("09:11")
        .returns("ana")
        .at("09:15")
        .writes()
        .at("09:16")
        .closes(),
        # Two handoffs.
        "c17": c("2026-04-23 10:00")
        .writes()
        .at("10:01")
        .hands_off("suporte")
        .at("10:03")
        .assigned("ana")
        .at("10:05")
        .replies("ana")
        .at("10:06")
        .returns("ana")
        .at("10:10")
        .writes()
        .at("10:11")
        .hands_off("financeiro", "other")
        .at("10:15")
        .assigned("bia")
        .at("10:21")
        .replies("bia")
        .at("10:30")
        .resolves("bia"),
        # The turn fails.
        "c18": c("2026-04-23 11:00")
        .writes()
        .at("11:01")
        .fails()
        .at("11:06")
        .assigned("ana")
        .at("11:07")
        .replies("ana")
        .at("11:10")
        .resolves("ana"),
        # Somebody writes on the phone, and an agent later.
        "c19": c("2026-04-23 14:00")
        .writes()
        .at("14:03")
        .phones()
        .at("14:10")
        .writes()
        .at("14:20")
        .assigned("ana")
        .at("14:21")
        .replies("ana")
        .at("14:25")
        .resolves("ana"),
        # Still in the queue.
        "c21": c("2026-04-24 09:00").writes().at("09:01").hands_off("suporte"),
        # Still with an agent.
        "c22": c("2026-04-24 10:00")
        .writes()
        .at("10:02")
        .hands_off("financeiro")
        .at("10:04")
        .assigned("bia")
        .at("10:05")
        .labels("bia", "fatura")
        .at("10:08")
        .replies("bia"),
        # One message is read, one fails, and one arrives after it had failed.
        "c23": c("2026-04-24 11:00")
        .writes()
        .at("11:01")
        .hands_off("suporte")
        .at("11:02")
        .settles(SendStatus.SENT, external="out")
        .assigned("ana")
        .at("11:03")
        .gets_receipt("out", DeliveryStatus.DELIVERED)
        .replies("ana")
        .settles(SendStatus.FAILED)
        .at("11:05")
        .gets_receipt("out", DeliveryStatus.READ)
        .replies("ana")
        .settles(SendStatus.FAILED, SendStatus.SENT)
        .at("11:10")
        .resolves("ana"),
        # Saturday before noon, answered on Monday.
        "c24": c("2026-04-25 11:30")
        .writes()
        .at("11:31")
        .hands_off("suporte")
        .at("2026-04-27 08:10")
        .assigned("ana")
        .at("08:12")
        .replies("ana")
        .at("08:20")
        .resolves("ana"),
        # Sunday: the assistant serves on after the handoff.
        "c25": c("2026-04-26 15:00")
        .writes()
        .at("15:01")
        .hands_off("suporte")
        .at("15:05")
        .writes()
        .at("15:06")
        .answers()
        .at("2026-04-27 08:30")
        .assigned("ana")
        .at("08:31")
        .replies("ana")
        .at("08:40")
        .resolves("ana"),
        # Solved, but the customer (c27) is back after five hours.
        "c26": c("2026-04-24 15:00")
        .writes()
        .at("15:01")
        .answers()
        .at("15:02")
        .writes()
        .at("15:03")
        .closes()
        .at("2026-04-24 20:00")
        .writes()
        .at("20:01")
        .answers()
        .at("20:31")
        .idles()
        .at("21:01")
        .idles(),
    }
    # Two threads of one person: c11 is merged into c10.
    older, newer = c("2026-04-22 10:30").writes().at("10:31").answers(), c("2026-04-22 10:35")
    newer.writes().at("10:36").writes()
    older.at("10:40").merges(newer)
    older.at("10:41").answers().at("10:44").writes().at("10:45").closes()
    return week | {"c10": older, "c11": newer}
