"""The command: what it refuses, that it leaves nothing half done, and that the same seed tells the same story."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from campaigns.models import Campaign, Customer
from redemptions.models import Redemption, Rollback
from tests.factories import make_voucher
from voucherify_admin.api.models import ApiCall, ApiKey
from voucherify_admin.demo import telling
from voucherify_admin.demo.calls import CallBook
from voucherify_admin.demo.offer import peak_day
from voucherify_admin.demo.telling import StoryError, tell
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 4, 11, 9, 30, tzinfo=UTC)
SCALE = 0.05


def test_a_database_with_somebody_elses_vouchers_is_refused():
    make_voucher(code="OURS")
    with pytest.raises(CommandError, match="already holds vouchers"):
        call_command("seed_demo")
    assert list(Voucher.objects.values_list("code", flat=True)) == ["OURS"]


def test_a_story_without_all_reasons_is_not_written(monkeypatch):
    monkeypatch.setattr(telling, "schedule", lambda story, scale: [])
    with pytest.raises(StoryError, match="voucher_disabled"):
        tell(seed=1, now=NOW, scale=SCALE)
    assert not Campaign.objects.exists()


def test_a_run_that_is_interrupted_leaves_nothing_behind(monkeypatch):
    def interrupted(book: CallBook) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(CallBook, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tell(seed=1, now=NOW, scale=SCALE)
    for model in (Voucher, Campaign, Customer, Redemption, ApiKey):
        assert not model.objects.exists()


def rows_told(*, seed: int) -> list:
    """The rows of a story that is undone again, without the parts that the verbs draw by chance."""
    with transaction.atomic():
        tell(seed=seed, now=NOW, scale=SCALE)
        rows: list = [
            (
                row.public_id[:-5], row.created_at, row.status, row.failure_code, row.code, row.voucher_public_id,
                row.customer_source_id, row.amount, row.discount_amount, row.gift_amount, row.channel_id,
                row.metadata, {**row.facts, "stacked_ids": []}, row.request_id,
                {**(row.order or {}), "id": "", "redemptions": {}},
            )
            for row in Redemption.objects.order_by("created_at", "pk")
        ]  # fmt: skip
        rows += Voucher.objects.order_by("code").values_list(
            "public_id", "code", "created_at", "redeemed_quantity", "gift_balance", "expiration_date"
        )
        rows += Customer.objects.order_by("source_id").values_list(
            "public_id", "source_id", "name", "email", "metadata"
        )
        rows += ApiCall.objects.order_by("request_id").values_list(
            "request_id", "created_at", "endpoint", "status", "duration_ms", "ip_address", "key_name", "user_login"
        )
        rows += Rollback.objects.order_by("created_at", "pk").values_list(
            "created_at", "reason", "result", "channel_name"
        )
        transaction.set_rollback(True)
    return rows


def test_the_same_seed_and_moment_tell_the_same_story():
    assert rows_told(seed=5) == rows_told(seed=5)


@pytest.mark.parametrize("now", ["2025-12-05", "2025-11-28", "2026-01-20", "2026-03-31", "2026-07-27", "2028-02-29"])
def test_the_rush_is_on_a_friday_well_within_the_ninety_days(now: str):
    at = datetime.fromisoformat(now).replace(hour=12, tzinfo=UTC)
    peak = peak_day(at)
    assert peak.weekday() == 4
    assert 5 <= (at - peak).days <= 70
