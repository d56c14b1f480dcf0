"""Attempts are counted ahead, exactly: whatever comes, changes or goes, counts and attempts tell the same."""

import threading
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from redemptions import counts
from redemptions.models import AttemptCount, ChangedHour, CountState, Redemption
from tests.factories import make_campaign, make_redemption, make_rollback

NOW = datetime(2026, 11, 20, 12, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def counted(**wanted):
    rows = AttemptCount.objects.filter(span="hour", **wanted)
    return sum(rows.values_list("number", flat=True))


def agree() -> bool:
    return not any(counts.differences().values())


@pytest.mark.django_db
def test_hours_that_are_over_are_counted_and_the_running_one_is_not():
    campaign = make_campaign(name="Spring sale")
    for minutes in (5, 25, 85, 24 * 60):
        make_redemption(created_at=NOW - timedelta(minutes=minutes), campaign=campaign, discount_amount=100)
    make_redemption(created_at=NOW - 2 * HOUR, failure_code="voucher_expired")
    assert counts.bring_up_to_date(NOW)
    assert CountState.objects.get().counted_until == NOW.replace(minute=0)
    assert counted() == 4
    assert counted(campaign=campaign, status="SUCCEEDED") == 3
    assert counted(failure_code="voucher_expired") == 1
    assert agree()


@pytest.mark.django_db
def test_what_comes_late_changes_or_goes_is_noted_and_counted_anew():
    rows = [make_redemption(created_at=NOW - number * 7 * HOUR) for number in range(1, 10)]
    counts.bring_up_to_date(NOW)
    make_rollback(rows[3])
    make_redemption(created_at=NOW - 40 * HOUR)
    rows[5].delete()
    Redemption.objects.filter(pk=rows[6].pk).update(created_at=NOW - 90 * HOUR)
    assert ChangedHour.objects.values("hour").distinct().count() == 5
    assert agree()  # what is noted is not relied on
    counts.bring_up_to_date(NOW)
    assert not ChangedHour.objects.exists()
    assert counted() == 9
    assert counted(status="ROLLED_BACK") == 1
    assert agree()


@pytest.mark.django_db
def test_a_change_that_is_not_counted_notes_nothing():
    row = make_redemption(created_at=NOW - 5 * HOUR)
    counts.bring_up_to_date(NOW)
    Redemption.objects.update(metadata={"till": 4})
    make_redemption(created_at=NOW)
    assert not ChangedHour.objects.exists()
    make_rollback(row)
    assert ChangedHour.objects.count() == 1


@pytest.mark.django_db
def test_counting_twice_changes_nothing():
    for number in range(30):
        make_redemption(created_at=NOW - number * 5 * HOUR)
    for _ in range(2):
        counts.bring_up_to_date(NOW)
        assert sorted(AttemptCount.objects.values_list("span", flat=True)).count("day") == 6
        assert counted() == 29
    counts.bring_up_to_date(NOW + 3 * HOUR)
    assert counted() == 30
    assert agree()


@pytest.mark.django_db
def test_the_command_counts_anew_and_tells_what_differs():
    for number in range(60):
        make_redemption(created_at=NOW - number * 5 * HOUR)
    out = StringIO()
    call_command("rebuild_counts", stdout=out)
    call_command("rebuild_counts", "--check", stdout=out)
    assert out.getvalue().count("The counts agree with the attempts.") == 2
    AttemptCount.objects.filter(span="day").first().delete()
    with pytest.raises(CommandError, match="1 of “day”"):
        call_command("rebuild_counts", "--check")
    call_command("rebuild_counts", stdout=out)
    assert agree()


@pytest.mark.django_db(transaction=True)
def test_an_attempt_whose_transaction_outlives_its_hour_is_not_lost():
    make_redemption(created_at=NOW - 3 * HOUR)
    written, counted_once = threading.Event(), threading.Event()

    def slow_writer() -> None:
        # It began before the hour was announced, and is committed after everything else.
        with transaction.atomic():
            make_redemption(created_at=NOW - HOUR)
            written.set()
            counted_once.wait(30)
        connection.close()

    writer = threading.Thread(target=slow_writer)
    writer.start()
    assert written.wait(30)
    assert not counts.bring_up_to_date(NOW)  # it waits for the writer, but blocks nobody
    make_redemption(created_at=NOW - HOUR)
    counted_once.set()
    writer.join()
    assert counts.bring_up_to_date(NOW)
    assert counted() == 3
    assert agree()


@pytest.mark.django_db(transaction=True)
def test_counting_beside_writers_ends_with_the_truth():
    """Several write, late and on time, and roll back, while another counts again and again."""
    for number in range(20):
        make_redemption(created_at=NOW - number * HOUR)
    stop = threading.Event()
    failures: list[Exception] = []

    def writer(seed: int) -> None:
        try:
            for number in range(25):
                row = make_redemption(created_at=NOW - timedelta(minutes=(seed * 37 + number * 53) % 1300))
                if number % 3 == 0:
                    make_rollback(row)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    def counter() -> None:
        try:
            hour = 0
            while not stop.is_set():
                counts.bring_up_to_date(NOW - 10 * HOUR + (hour % 11) * HOUR)
                hour += 1
                failures.extend([AssertionError(counts.differences())] if not agree() else [])
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=writer, args=(seed,)) for seed in range(3)]
    counting = threading.Thread(target=counter)
    for each in (*threads, counting):
        each.start()
    for each in threads:
        each.join()
    stop.set()
    counting.join()
    assert not failures
    assert counts.bring_up_to_date(NOW)
    assert counted() == Redemption.objects.filter(created_at__lt=NOW.replace(minute=0)).count()
    assert agree()
