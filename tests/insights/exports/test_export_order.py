"""An order is read in parts of its period, and whether a file may still be read."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from niochat.insights.exports.export_job import ExportAccess, ExportOrder
from niochat.insights.reports.metric_catalog import ReportGrouping
from niochat.insights.reports.report_request import ReportAudience, ReportFilter
from tests.insights.exports.export_fixture import MONDAY

WEEK = ExportOrder(
    "conversations",
    ReportGrouping.NONE,
    None,
    ReportFilter(),
    MONDAY,
    MONDAY + timedelta(days=7),
)


@pytest.mark.parametrize("parts", [0, 1, 2, 3, 7, 500])
def test_parts_cover_the_period_without_gap_or_overlap_the_latest_first(parts: int) -> None:
    split = list(WEEK.split(parts))

    assert (split[0].until, split[-1].since) == (WEEK.until, WEEK.since)
    assert all(later.since == earlier.until for later, earlier in pairwise(split))
    assert all(part.since < part.until for part in split)
    assert max(parts, 1) <= len(split) <= max(parts, 1) + 1


def test_conversations_of_messages_are_read_in_one_part() -> None:
    """A conversation may have messages in several parts, and would be listed in each."""
    assert list(replace(WEEK, metric="messages_sent").split(7)) == [
        replace(WEEK, metric="messages_sent")
    ]


def test_a_period_of_a_moment_has_few_parts() -> None:
    moment = ExportOrder(
        "conversations",
        ReportGrouping.NONE,
        None,
        ReportFilter(),
        MONDAY,
        MONDAY + timedelta(microseconds=3),
    )
    assert len(list(moment.split(10))) <= 10


def access(scope: str, *teams: str) -> ExportAccess:
    audience = ReportAudience(scope, "ana", frozenset(teams))
    return ExportAccess(ReportAudience("all", "ana", frozenset()), audience)


@pytest.mark.parametrize(
    ("now", "then", "covered"),
    [
        (access("all"), access("all"), True),
        (access("all"), access("team", "a"), True),
        (access("team", "a"), access("all"), False),
        (access("team", "a"), access("team", "a", "b"), False),
        (access("team", "a", "b"), access("team", "a"), True),
        (access("team"), access("own"), True),
        (access("own"), access("team", "a"), False),
        (access("own"), access("own"), True),
    ],
)
def test_a_file_is_read_only_with_the_permissions_that_made_it(
    now: ExportAccess, then: ExportAccess, covered: bool
) -> None:
    assert now.covers(then.to_scopes()) is covered
