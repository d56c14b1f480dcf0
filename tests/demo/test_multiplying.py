"""The large way: copies made by SQL have to be as true as what they were copied from."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.db.models import Count, F, Q

from campaigns.models import Customer, SegmentMembership
from redemptions.engine import Reason
from redemptions.models import Redemption, Result, Rollback
from voucherify_admin.demo.multiplying import multiply
from voucherify_admin.demo.telling import tell
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 8, 2, 10, 0, tzinfo=UTC)
COPIES = 2000


class Stopped(Exception):
    """Stands for a run that is killed between two chunks."""


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker) -> Iterator[int]:
    """A small story and 2,000 copies, in a run that was stopped and taken up; gives the number of the originals."""

    def stop(done: int, wanted: int) -> None:
        raise Stopped

    with django_db_blocker.unblock(), transaction.atomic():
        originals = tell(seed=4, now=NOW, scale=0.07).attempts
        with pytest.raises(Stopped):
            multiply(attempts=COPIES, chunk=700, customers=300, report=stop)
        assert Redemption.objects.count() == originals + 700
        assert multiply(attempts=COPIES, chunk=700, customers=300) == COPIES - 700
        yield originals
        transaction.set_rollback(True)


@pytest.fixture
def copies(told):
    """The attempts that were copied."""
    return Redemption.objects.order_by("pk").filter(pk__gt=Redemption.objects.order_by("pk")[told - 1].pk)


def test_a_stopped_run_is_taken_up_and_a_finished_one_adds_nothing(told, copies):
    assert copies.count() == COPIES
    assert multiply(attempts=COPIES, chunk=700, customers=300) == 0
    assert Customer.objects.filter(source_id__startswith="FK-6").count() == 300


def test_ids_of_copies_are_unique_and_sort_by_time(copies):
    moments = list(copies.values_list("created_at", flat=True))
    assert moments == sorted(moments)
    for result in Result:
        ids = list(copies.filter(result=result).order_by("created_at").values_list("public_id", flat=True))
        assert ids == sorted(ids)
    assert max(moments) < NOW


def test_counters_agree_with_the_attempts(copies):
    uses = dict(Redemption.objects.filter(status="SUCCEEDED").values_list("voucher").annotate(Count("pk")))
    for voucher in Voucher.objects.all():
        assert voucher.redeemed_quantity == uses.get(voucher.pk, 0)
    assert not Voucher.objects.filter(redeemed_quantity__gt=F("quantity")).exists()


def test_undone_copies_have_their_rollback(copies):
    undone = copies.filter(status="ROLLED_BACK")
    assert undone.exists()
    assert Rollback.objects.filter(redemption__in=undone, result=Result.SUCCESS).count() == undone.count()


def test_most_reasons_are_copied_and_what_they_compared_fits_the_moment(copies):
    codes = set(copies.exclude(failure_code="").values_list("failure_code", flat=True))
    assert codes <= {reason.value for reason in Reason}
    assert len(codes) >= 12
    dated = [row for row in copies.exclude(failure_code="") if "now" in row.facts]
    assert dated
    for row in dated:
        assert datetime.fromisoformat(row.facts["now"]) == row.created_at
        if row.failure_code == "voucher_expired":
            assert datetime.fromisoformat(row.facts["expired_at"]) < row.created_at
        else:
            assert datetime.fromisoformat(row.facts["starts_at"]) > row.created_at


def test_successes_lie_within_the_dates_of_their_campaign(copies):
    outside = Q(created_at__lt=F("campaign__start_date")) | Q(created_at__gt=F("campaign__expiration_date"))
    paused = Q(campaign__is_active=False, created_at__gt=F("campaign__updated_at"))
    assert not copies.filter(outside | paused, result=Result.SUCCESS).exists()


def test_names_beside_the_keys_are_those_of_the_rows(copies):
    for row in copies.select_related("voucher", "campaign", "customer"):
        if row.voucher:
            assert (row.code, row.voucher_public_id) == (row.voucher.code, row.voucher.public_id)
            assert row.voucher.campaign_id == row.campaign_id
        if row.customer:
            assert row.customer_snapshot["id"] == row.customer.public_id
            assert (row.customer_name, row.customer_source_id) == (row.customer.name, row.customer.source_id)


def test_only_members_succeed_where_a_segment_is_asked_for(copies):
    gold = set(SegmentMembership.objects.filter(segment__name="Gold Circle").values_list("customer_id", flat=True))
    tastings = copies.filter(campaign__name="Gold Circle tasting")
    assert set(tastings.filter(result=Result.SUCCESS).values_list("customer_id", flat=True)) <= gold
    assert not gold & set(tastings.filter(failure_code="customer_rules_violated").values_list("customer_id", flat=True))
