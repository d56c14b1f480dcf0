"""Values can be in or out, several at once, and text is compared in the way that was asked."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.utils import timezone

from redemptions.models import Redemption
from tests.factories import make_redemption
from voucherify_admin.pages.filters import BaseFilter, ChoicesFilter, OperatorFilter
from voucherify_admin.pages.filters.moments import PERIODS, stretch

pytestmark = pytest.mark.django_db

WARSAW = ZoneInfo("Europe/Warsaw")
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


class AttemptFilter(BaseFilter):
    time_field = "created_at"
    metadata_field = "metadata"

    code = OperatorFilter(label="Code")
    status = ChoicesFilter(label="Status", choices=Redemption.Status.choices)

    class Meta:
        model = Redemption
        fields: list[str] = []


def asked(query: str) -> AttemptFilter:
    return AttemptFilter(QueryDict(query), Redemption.objects.order_by("id"), now=NOW)


def found(query: str) -> list[str]:
    filterset = asked(query)
    assert filterset.is_valid(), filterset.errors_named()
    return [row.code for row in filterset.rows()]


def chips(query: str) -> list[tuple[str, str, bool]]:
    return [(chip.value, chip.query, chip.is_excluding) for chip in asked(query).chips()]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("code=BF-1", ["BF-1"]),
        ("code=BF-1&code=XM-1", ["BF-1", "XM-1"]),
        ("code=BF-1&code_op=not", ["BF-2", "bf-3", "XM-1", ""]),
        ("code=BF-1,+XM-1&code_op=in", ["BF-1", "XM-1"]),
        ("code=BF-1;BF-2&code_op=not_in", ["bf-3", "XM-1", ""]),
        ("code=BF&code_op=starts", ["BF-1", "BF-2"]),
        ("code=BF&code_op=not_starts", ["bf-3", "XM-1", ""]),
        ("code=-1&code_op=contains", ["BF-1", "XM-1"]),
        ("code=bf&code_op=contains", ["BF-1", "BF-2", "bf-3"]),
        ("code=bf&code_op=not_contains", ["XM-1", ""]),
        ("code=&code_op=has", ["BF-1", "BF-2", "bf-3", "XM-1"]),
        ("code=&code_op=none", [""]),
        # Alternatives widen, what is denied narrows.
        ("code_op=starts&code=BF&code_op=not&code=BF-2", ["BF-1"]),
        ("code_op=starts&code=BF&code_op=none&code=", ["BF-1", "BF-2", ""]),
        # A row that was left empty asks nothing.
        ("code_op=starts&code=BF&code_op=is&code=", ["BF-1", "BF-2"]),
    ],
)
def test_text_is_compared_as_it_was_asked(query, codes):
    for code in ("BF-1", "BF-2", "bf-3", "XM-1", ""):
        make_redemption(code=code)
    assert found(query) == codes


def test_choices_can_be_in_and_out():
    make_redemption(code="USED")
    make_redemption(code="BAD", failure_code="voucher_expired")
    assert found("status=FAILED") == ["BAD"]
    assert found("status_not=FAILED") == ["USED"]
    assert found("status=FAILED&status_not=FAILED") == []
    assert found("status=FAILED&status=SUCCEEDED&status_not=FAILED") == ["USED"]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("metadata_key=till&metadata_op=not&metadata_value=4", ["NINE", "TEXT", "WORD", "WITHOUT"]),
        ("metadata_key=till&metadata_op=in&metadata_value=4,9", ["FOUR", "NINE"]),
        ("metadata_key=till&metadata_op=gte&metadata_value=4", ["FOUR", "NINE", "TEXT"]),
        ("metadata_key=till&metadata_op=gt&metadata_value=4.5", ["NINE", "TEXT"]),
        ("metadata_key=till&metadata_op=contains&metadata_value=OO", ["WORD"]),
        ("metadata_key=till&metadata_op=not_contains&metadata_value=OO", ["FOUR", "NINE", "TEXT", "WITHOUT"]),
        ("metadata_key=till&metadata_op=starts&metadata_value=d", ["WORD"]),
        ("metadata_key=till&metadata_op=none&metadata_value=", ["WITHOUT"]),
        ("metadata_key=till&metadata_op=has&metadata_value=", ["FOUR", "NINE", "TEXT", "WORD"]),
        ("metadata_key=day&metadata_op=after&metadata_value=2026-01-01", ["FOUR"]),
        # Of one key a range; of two keys both.
        (
            "metadata_key=till&metadata_op=gt&metadata_value=4&metadata_key=till&metadata_op=lt&metadata_value=10",
            ["NINE"],
        ),
        ("metadata_key=till&metadata_value=4&metadata_key=day&metadata_value=2026-02-03", ["FOUR"]),
        ("metadata_key=till&metadata_value=9&metadata_key=day&metadata_value=2026-02-03", []),
        # Two values of one key are alternatives.
        ("metadata_key=till&metadata_value=4&metadata_key=till&metadata_value=door", ["FOUR", "WORD"]),
    ],
)
def test_metadata_is_compared_as_it_was_asked(query, codes):
    make_redemption(code="FOUR", metadata={"till": 4, "day": "2026-02-03"})
    make_redemption(code="NINE", metadata={"till": 9})
    make_redemption(code="TEXT", metadata={"till": "12"})
    make_redemption(code="WORD", metadata={"till": "door"})
    make_redemption(code="WITHOUT", metadata={})
    assert found(query) == codes


def test_chips_say_what_is_out_and_each_takes_only_itself_away():
    assert chips("status_not=FAILED&code_op=starts&code=BF&code_op=not&code=BF-2") == [
        ("starts with BF", "?status_not=FAILED&code_op=not&code=BF-2", False),
        ("is not BF-2", "?status_not=FAILED&code_op=starts&code=BF", True),
        ("not Failed", "?code_op=starts&code_op=not&code=BF&code=BF-2", True),
    ]
    assert chips(
        "metadata_key=till&metadata_op=gt&metadata_value=4&metadata_key=shop&metadata_op=is&metadata_value=B"
    ) == [
        ("till is more than 4", "?metadata_key=shop&metadata_value=B", False),
        ("shop = B", "?metadata_key=till&metadata_op=gt&metadata_value=4", False),
    ]


def test_a_question_is_narrowed_to_one_value_or_spared_another():
    filterset = asked("status=FAILED&code_op=not&code=A&period=7d&after=xyz")
    assert filterset.asking_only("status", "SUCCEEDED") == "?status=SUCCEEDED&code_op=not&code=A&period=7d"
    assert filterset.asking_excluding("status", "FAILED") == "?code_op=not&code=A&period=7d&status_not=FAILED"
    assert filterset.asking_only("code", "B") == "?status=FAILED&code_op=not&code_op=is&code=A&code=B&period=7d"
    assert filterset.asked_without("status").urlencode() == "code_op=not&code=A&period=7d"
    assert asked("metadata_key=till&metadata_value=4").asking_excluding("metadata", "5", "till") == (
        "?metadata_key=till&metadata_key=till&metadata_value=4&metadata_value=5&metadata_op=is&metadata_op=not"
    )


@pytest.mark.parametrize("period", PERIODS)
def test_each_preset_names_a_stretch(period):
    start, end = stretch(period, NOW, WARSAW)
    assert start < (end or NOW) <= NOW


def test_days_weeks_and_months_are_those_of_the_named_zone():
    # Friday, 27 November 2026, 13:00 in Warsaw.
    midnight = datetime(2026, 11, 27, tzinfo=WARSAW)
    assert stretch("yesterday", NOW, WARSAW) == (midnight - timedelta(days=1), midnight)
    assert stretch("last_week", NOW, WARSAW) == (midnight - timedelta(days=11), midnight - timedelta(days=4))
    assert stretch("last_month", NOW, WARSAW) == (
        datetime(2026, 10, 1, tzinfo=WARSAW),
        datetime(2026, 11, 1, tzinfo=WARSAW),
    )
    assert stretch("last_night", NOW, WARSAW) == (
        datetime(2026, 11, 26, 18, tzinfo=WARSAW),
        datetime(2026, 11, 27, 6, tzinfo=WARSAW),
    )


def test_dates_are_meant_in_the_zone_that_the_address_names():
    make_redemption(code="UTC-NIGHT", created_at=datetime(2026, 11, 27, 23, 30, tzinfo=UTC))
    with timezone.override(WARSAW):
        assert found("date_from=2026-11-28&date_to=2026-11-28") == ["UTC-NIGHT"]
        assert found("date_from=2026-11-28&date_to=2026-11-28&zone=UTC") == []
        assert chips("date_from=2026-11-27&zone=UTC")[0][0] == "27 Nov 2026 (UTC)"
        assert found("period=yesterday&zone=Pacific/Kiritimati") == []


def test_the_keys_of_the_newest_rows_are_suggested():
    make_redemption(metadata={"till": 4, "shop": "Berlin"})
    make_redemption(metadata={"till": 5})
    assert asked("").metadata_keys() == ["till", "shop"]
