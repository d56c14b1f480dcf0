"""A campaign, and what it shares with its vouchers; knows nothing of the vouchers that belong to it."""

from functools import partial
from typing import Self

from django.db import models
from django.utils import timezone

from campaigns.validity import Schedule, Validity, parse_validity
from voucherify_admin.ids import new_id


class WithinHours(models.Model):
    """What is open at certain hours, on certain days or in recurring periods only, as Voucherify writes it."""

    # Checked by campaigns.validity.parse_validity; null where nothing limits.
    validity_timeframe = models.JSONField(null=True, blank=True)
    validity_day_of_week = models.JSONField(null=True, blank=True)
    validity_hours = models.JSONField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def validity(self) -> Validity:
        """The three columns, read."""
        return parse_validity(self.validity_timeframe, self.validity_day_of_week, self.validity_hours)

    @property
    def schedule(self) -> Schedule:
        """When it is open, with the date that its recurring periods are counted from."""
        return Schedule(self.validity, self.start_date)


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def present(self) -> Self:
        """Narrow to the campaigns that nobody asked to delete."""
        return self.filter(deletion_asked_at=None)


class Campaign(WithinHours):
    """An offer under which codes are handed out. Its dates and its active state bind all of its vouchers."""

    class CampaignType(models.TextChoices):
        DISCOUNT_COUPONS = "DISCOUNT_COUPONS", "Discount coupons"
        GIFT_VOUCHERS = "GIFT_VOUCHERS", "Gift vouchers"

    class Type(models.TextChoices):
        AUTO_UPDATE = "AUTO_UPDATE", "Auto-update"
        STATIC = "STATIC", "Static"
        STANDALONE = "STANDALONE", "Standalone"

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "camp_"))
    name = models.CharField(max_length=200, unique=True)
    description = models.TextField(blank=True)
    campaign_type = models.CharField(max_length=30, choices=CampaignType.choices, default=CampaignType.DISCOUNT_COUPONS)
    type = models.CharField(max_length=20, choices=Type.choices, default=Type.AUTO_UPDATE)
    # Voucherify's `voucher` property: what a new code of this campaign is made from.
    voucher_template = models.JSONField(default=dict, blank=True)
    start_date = models.DateTimeField(null=True, blank=True)
    expiration_date = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField("active", default=True)
    category = models.CharField(max_length=100, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(null=True, editable=False)
    # From this moment none of its codes can be used; a worker deletes them, and the campaign last.
    deletion_asked_at = models.DateTimeField(null=True, editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-created_at", "-id"], name="campaign_newest")]
        constraints = [
            models.CheckConstraint(
                name="campaign_ends_after_start",
                condition=models.Q(start_date=None)
                | models.Q(expiration_date=None)
                | models.Q(expiration_date__gt=models.F("start_date")),
                violation_error_message="The campaign must end after it starts.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_being_deleted(self) -> bool:
        return self.deletion_asked_at is not None
