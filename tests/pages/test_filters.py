"""A filter set asks exactly what was typed, says what it did not understand, and names what is active."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.utils import timezone

from redemptions.models import Redemption
from tests.factories import make_redemption, make_user
from voucherify_admin.pages import filters
from voucherify_admin.pages.filters import BaseFilter, ChoicesFilter, Moment, MoneyFilter, OperatorFilter, TextFilter

WARSAW = ZoneInfo("Europe/Warsaw")
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


class AttemptFilter(BaseFilter):
    time_field = "created_at"
    metadata_field = "metadata"
    primary = ("code", "status")
    needs_permission = {"user": "redemptions.filter_by_user"}

    code = TextFilter(label="Code")
    title = OperatorFilter(label="Title", field_name="campaign_name")
    status = ChoicesFilter(label="Status", choices=Redemption.Status.choices)
    amount_min = MoneyFilter(field_name="amount", lookup_expr="gte", label="Amount from")
    amount_max = MoneyFilter(field_name="amount", lookup_expr="lte", label="Amount to")
    user = TextFilter(field_name="user__username", label="User")

    class Meta:
        model = Redemption
        fields: list[str] = []


def asked(query: str, **changes) -> AttemptFilter:
    return AttemptFilter(QueryDict(query), Redemption.objects.order_by("id"), **{"now": NOW, **changes})


def found(query: str, **changes) -> list[str]:
    return [row.code for row in asked(query, **changes).rows()]


# --- dates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-11-27", "2026-11-26T23:00Z", "2026-11-27T23:00Z"),
        ("2026-11-27T18:30", "2026-11-27T17:30Z", "2026-11-27T17:31Z"),
        ("2026-11-27 18:30", "2026-11-27T17:30Z", "2026-11-27T17:31Z"),
        ("2026-11-27T18:30:15", "2026-11-27T17:30:15Z", "2026-11-27T17:30:16Z"),
        ("2026-11-27T18:30Z", "2026-11-27T18:30Z", "2026-11-27T18:31Z"),
        ("2026-11-27T18:30:00+05:00", "2026-11-27T13:30Z", "2026-11-27T13:30:01Z"),
        # The day on which the clocks go back has 25 hours, and 02:30 happens twice.
        ("2026-10-25", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        ("2026-10-25T02:30", "2026-10-25T00:30Z", "2026-10-25T01:31Z"),
    ],
)
def test_a_typed_date_names_the_whole_stretch_in_the_readers_zone(text, start, end):
    moment = Moment(text, WARSAW)
    assert moment.start == datetime.fromisoformat(start)
    assert moment.end == datetime.fromisoformat(end)


@pytest.mark.parametrize(
    "text", ["", "today", "2026-02-30", "27.11.2026", "2026-11-27T25:00", "2026-11-27Z", "9999-12-31", "0001-01-01"]
)
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError):
        Moment(text, WARSAW)


@pytest.mark.django_db
def test_from_and_to_take_in_the_days_that_they_name():
    for code, at in {
        "BEFORE": "2026-11-26T22:59:59Z",
        "FIRST": "2026-11-26T23:00:00Z",
        "LAST": "2026-11-28T22:59:59Z",
        "AFTER": "2026-11-28T23:00:00Z",
    }.items():
        make_redemption(code=code, created_at=datetime.fromisoformat(at))
    with timezone.override(WARSAW):
        assert found("date_from=2026-11-27&date_to=2026-11-28") == ["FIRST", "LAST"]


@pytest.mark.django_db
def test_periods_count_back_from_the_moment_that_was_handed_in():
    make_redemption(code="YESTERDAY", created_at=NOW - timedelta(hours=13))
    make_redemption(code="OLD", created_at=NOW - timedelta(days=8))
    make_redemption(code="NOW", created_at=NOW)
    assert found("period=today") == ["NOW"]
    assert found("period=24h") == ["YESTERDAY", "NOW"]
    assert found("period=7d") == ["YESTERDAY", "NOW"]
    assert found("period=30d") == ["YESTERDAY", "OLD", "NOW"]
    with timezone.override(ZoneInfo("Pacific/Kiritimati")):  # there it is already the next day's morning
        assert found("period=today") == ["NOW"]


# --- money and metadata ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("amount_min=50", ["B", "C"]),
        ("amount_min=50.01", ["C"]),
        ("amount_max=50,00", ["A", "B"]),
        ("amount_min=12.5&amount_max=12.50", ["A"]),
    ],
)
def test_amounts_are_typed_in_whole_units_and_compared_in_cents(query, codes):
    for code, cents in {"A": 1250, "B": 5000, "C": 5001, "NONE": None}.items():
        make_redemption(code=code, amount=cents)
    assert found(query) == codes


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("metadata_key=n&metadata_value=5", ["TEXT", "NUMBER"]),
        ("metadata_key=n&metadata_value=true", ["TRUE"]),
        ("metadata_key=n&metadata_value=null", ["NULL"]),
        ("metadata_key=n&metadata_value=Infinity", []),
        ("metadata_key=n&metadata_value=1e999", []),
        ("metadata_key=n&metadata_value=%7B%22deep%22:1%7D", []),
        ("metadata_key=n", ["TEXT", "NUMBER", "TRUE", "NULL"]),
        ("metadata_key=N", []),
    ],
)
def test_metadata_is_found_whether_it_was_sent_as_text_or_as_a_number(query, codes):
    for code, value in {"TEXT": "5", "NUMBER": 5, "TRUE": True, "NULL": None}.items():
        make_redemption(code=code, metadata={"n": value})
    make_redemption(code="WITHOUT", metadata={"m": "5"})
    assert found(query) == codes


# --- what cannot be understood --------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "label", "words"),
    [
        ("status=LOST", "Status", "LOST"),
        ("date_from=soon", "From", "“soon” is not a date"),
        ("date_from=2026-11-28&date_to=2026-11-27", "To", "before"),
        ("amount_min=lots", "Amount from", "“lots” is not an amount"),
        ("amount_min=1.234", "Amount from", "not an amount"),
        ("amount_min=1e5", "Amount from", "not an amount"),
        ("amount_min=9999999999999999999", "Amount from", "not an amount"),
        ("amount_min=5&amount_max=4", "Amount to", "less than"),
        ("metadata_value=5", "Metadata", "Name the metadata key"),
        ("metadata_key=n&metadata_op=near&metadata_value=5", "Metadata", "no condition “near”"),
        ("metadata_key=n&metadata_op=gt&metadata_value=many", "Metadata", "“many” is not a number"),
        ("metadata_key=n&metadata_op=after&metadata_value=soon", "Metadata", "“soon” is not a date"),
        ("metadata_key=n&metadata_op=not&metadata_value=", "Metadata", "Say what it is not"),
        ("metadata_key=n&metadata_key=m&metadata_op=is&metadata_value=5", "Metadata", "do not fit together"),
        ("title=A&title_op=near", "Title", "no condition “near”"),
        ("title=A&title=B&title_op=is", "Title", "do not fit together"),
        ("title_op=starts&title=A&title_op=is&title=%00", "Title", "Null characters"),
        ("status_not=LOST", "Status", "LOST"),
        ("zone=Mars/Olympus", "Time zone", "“Mars/Olympus” is no time zone"),
        ("stauts=FAILED", "", "no filter “stauts”"),
        ("period=forever", "Period", "forever"),
        ("code=%00", "Code", "Null characters"),
    ],
)
def test_a_filter_that_cannot_be_understood_shows_no_rows_and_says_why(query, label, words):
    make_redemption()
    filterset = asked(query)
    assert list(filterset.rows()) == []
    assert [(name, words in error) for name, error in filterset.errors_named()] == [(label, True)]


@pytest.mark.django_db
def test_a_filter_without_permission_is_neither_shown_nor_answered():
    make_redemption(code="A", user=make_user("Merchant", username="adam"))
    marketing, administrator = make_user("User"), make_user("Administrator")
    assert "user" not in asked("", user=marketing).form.fields
    refused = asked("user=adam", user=marketing)
    assert list(refused.rows()) == []
    assert "may not filter by user" in refused.errors_named()[0][1]
    assert list(asked("user=adam").rows()) == []
    assert found("user=adam", user=administrator) == ["A"]
    assert found("user=", user=marketing) == ["A"]


# --- chips ----------------------------------------------------------------------------------------------------------


def chips(query: str) -> list[tuple[str, str, str]]:
    return [(chip.label, chip.value, chip.query) for chip in asked(query).chips()]


@pytest.mark.django_db
def test_each_active_value_is_a_chip_that_removes_itself_and_the_place_in_the_list():
    assert chips("status=FAILED&status=ROLLED_BACK&code=A+B&after=xyz&columns=3") == [
        ("Code", "A B", "?status=FAILED&status=ROLLED_BACK&columns=3"),
        ("Status", "Failed", "?status=ROLLED_BACK&code=A+B&columns=3"),
        ("Status", "Rolled back", "?status=FAILED&code=A+B&columns=3"),
    ]


@pytest.mark.django_db
def test_chips_speak_the_words_of_the_page(settings):
    settings.CURRENCY = "EUR"
    with timezone.override(WARSAW):
        query = "period=7d&date_from=2026-11-01&date_to=2026-11-27T18:30&amount_min=1250"
        assert [chip[:2] for chip in chips(query)] == [
            ("Period", "Last 7 days"),
            ("From", "1 Nov 2026"),
            ("To", "27 Nov 2026 18:30"),
            ("Amount from", "€1,250.00"),
        ]


@pytest.mark.django_db
def test_key_and_value_of_metadata_are_one_chip():
    assert chips("metadata_key=till&metadata_value=3&code=X") == [
        ("Code", "X", "?metadata_key=till&metadata_value=3"),
        ("Metadata", "till = 3", "?code=X"),
    ]
    assert chips("metadata_key=till") == [("Metadata", "till has a value", "?")]


@pytest.mark.django_db
def test_a_condition_that_is_wrong_still_has_a_chip_to_take_it_away():
    assert chips("status=LOST&amount_min=lots") == [
        ("Status", "LOST", "?amount_min=lots"),
        ("Amount from", "lots", "?status=LOST"),
    ]
    assert ("User", "not permitted", "?code=A") in chips("user=adam&code=A")


@pytest.mark.django_db
def test_clearing_keeps_what_is_no_filter():
    assert asked("code=A&period=7d&columns=3&before=x").clear_query() == "?columns=3"


@pytest.mark.django_db
def test_fields_stand_in_the_order_that_the_list_gives_them():
    filterset = asked("metadata_key=a")
    assert [field.name for field in filterset.primary_fields] == ["code", "status"]
    assert [field.name for field in filterset.more_fields] == [
        "period",
        "date_from",
        "date_to",
        "zone",
        "title",
        "amount_min",
        "amount_max",
        "metadata",
    ]
    assert filterset.more_active == 1
    assert filters.money_label("From") == "From (EUR)"
