"""A voucher's own row, and what moved the balance of a gift card; knows nothing of the attempts made with it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Self

from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone

from campaigns.models import Campaign, Customer, WithinHours
from voucherify_admin.ids import new_id

# What people leave out or put in when they read a code aloud; the code without it, in capitals, has an index.
MARKS = " -_"
BARE_CODE = Upper(models.Func("code", models.Value(MARKS), models.Value(""), function="translate"))


class VoucherQuerySet(models.QuerySet["Voucher"]):
    def by_reference(self, reference: str) -> Self:
        """Narrow to the voucher whose code or public id is `reference`."""
        return self.filter(models.Q(code=reference) | models.Q(public_id=reference))

    def spelled(self, text: str) -> Self:
        """Narrow to the codes that read like `text`, whatever the case, blanks, dashes and underscores; by an index."""
        bare = text.upper().translate(str.maketrans("", "", MARKS))
        return self.alias(bare_code=BARE_CODE).filter(bare_code=bare)

    def locked(self, references: list[str]) -> Self:
        """Lock the vouchers with these codes or ids until the transaction ends, always in the order of their keys.

        One order for all callers is what keeps two stacks of the same codes from waiting for each other for ever.
        """
        return self.named(references).order_by("pk").select_for_update(of=("self",))

    def named(self, references: list[str]) -> Self:
        """Narrow to the vouchers with these codes or ids, with their campaigns."""
        matching = models.Q(code__in=references) | models.Q(public_id__in=references)
        return self.filter(matching).select_related("campaign", "holder")

    def for_list(self) -> Self:
        return self.select_related("campaign", "holder")


@dataclass(frozen=True)
class Origin:
    """Where a change of a balance comes from: when, through which channel, and because of what.

    The ids are public ones of rows that this room does not know. `source_id` is the caller's own number of the change.
    """

    at: datetime
    channel_type: str = ""
    channel_id: str = ""
    channel_name: str = ""
    redemption_id: str = ""
    rollback_id: str = ""
    reason: str = ""
    source_id: str = ""


class Voucher(WithinHours):
    """One code that a customer can use, with a discount or with a gift balance. Amounts are cents."""

    class Type(models.TextChoices):
        DISCOUNT = "DISCOUNT_VOUCHER", "Discount"
        GIFT = "GIFT_VOUCHER", "Gift card"

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "v_"))
    code = models.CharField(max_length=200, unique=True)
    campaign = models.ForeignKey(
        Campaign, null=True, blank=True, on_delete=models.SET_NULL, related_name="vouchers", db_index=False
    )
    type = models.CharField(max_length=20, choices=Type.choices, default=Type.DISCOUNT)
    # Voucherify's `discount` property, checked by vouchers.discounts.parse_discount.
    discount = models.JSONField(null=True, blank=True)
    gift_amount = models.BigIntegerField(default=0, help_text="Cents ever loaded.")
    gift_balance = models.BigIntegerField(default=0, help_text="Cents left.")
    gift_effect = models.CharField(max_length=30, default="APPLY_TO_ORDER")
    quantity = models.PositiveIntegerField(null=True, blank=True, help_text="How often it can be used; empty: any.")
    redeemed_quantity = models.PositiveIntegerField(default=0, editable=False)
    redeemed_amount = models.BigIntegerField(default=0, editable=False, help_text="Cents taken from the gift balance.")
    start_date = models.DateTimeField(null=True, blank=True)
    expiration_date = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField("active", default=True)
    category = models.CharField(max_length=100, blank=True)
    additional_info = models.TextField(blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    # To whom it was published first, and how often it was published to anybody.
    holder = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.SET_NULL, related_name="held_vouchers", editable=False
    )
    # Zero in the database too: codes are also made by one statement for many.
    published_count = models.PositiveIntegerField(db_default=0, default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(null=True, editable=False)

    objects = VoucherQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="voucher_newest"),
            models.Index(fields=["campaign", "-created_at", "-id"], name="voucher_campaign_newest"),
            models.Index(Upper("code"), name="voucher_code_upper"),
            models.Index(BARE_CODE, name="voucher_code_bare"),
        ]
        constraints = [
            models.CheckConstraint(name="voucher_used_not_negative", condition=models.Q(redeemed_quantity__gte=0)),
            models.CheckConstraint(name="voucher_balance_not_negative", condition=models.Q(gift_balance__gte=0)),
            models.CheckConstraint(
                name="voucher_redeemed_amount_not_negative", condition=models.Q(redeemed_amount__gte=0)
            ),
            models.CheckConstraint(
                name="voucher_ends_after_start",
                condition=models.Q(start_date=None)
                | models.Q(expiration_date=None)
                | models.Q(expiration_date__gt=models.F("start_date")),
                violation_error_message="The voucher must expire after it starts.",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_gift(self) -> bool:
        return self.type == self.Type.GIFT

    @property
    def gift_subtracted(self) -> int:
        """Cents that were loaded and are neither left nor spent: taken off by hand."""
        return max(0, self.gift_amount - self.gift_balance - self.redeemed_amount)

    def spend(self, *, credits: int = 0, origin: Origin) -> "GiftTransaction | None":
        """Count one use and take `credits` cents from the balance; return the transaction. The row must be locked."""
        self.redeemed_quantity += 1
        self.gift_balance -= credits
        self.redeemed_amount += credits
        self.save(update_fields=["redeemed_quantity", "gift_balance", "redeemed_amount"])
        return GiftTransaction.objects.note(self, -credits, kind=GiftTransaction.Type.REDEMPTION, origin=origin)

    def give_back(self, *, credits: int = 0, origin: Origin) -> "GiftTransaction | None":
        """Undo one use and put `credits` cents back; return the transaction. The row must be locked."""
        self.redeemed_quantity -= 1
        self.gift_balance += credits
        self.redeemed_amount -= credits
        self.save(update_fields=["redeemed_quantity", "gift_balance", "redeemed_amount"])
        return GiftTransaction.objects.note(self, credits, kind=GiftTransaction.Type.REFUND, origin=origin)

    def set_active(self, is_active: bool, *, now: datetime) -> None:
        """Enable or disable the voucher."""
        self.is_active = is_active
        self.updated_at = now
        self.save(update_fields=["is_active", "updated_at"])


class GiftTransactionQuerySet(models.QuerySet["GiftTransaction"]):
    def note(self, voucher: Voucher, amount: int, *, kind: str, origin: Origin) -> "GiftTransaction | None":
        """Write down that the balance has just changed by `amount` cents (negative when taken); nothing for no change.

        Belongs in the transaction that changed the balance, so that the sum of all amounts is always the balance.
        """
        if not amount:
            return None
        return self.create(**self._of(voucher, amount, kind=kind, origin=origin))

    def open(self, vouchers: Iterable[Voucher], *, origin: Origin) -> None:
        """Write down what new gift cards were loaded with; other vouchers are passed over."""
        rows = [self.opening(voucher, origin=origin) for voucher in vouchers]
        self.bulk_create([row for row in rows if row is not None], batch_size=2000)

    def opening(self, voucher: Voucher, *, origin: Origin) -> "GiftTransaction | None":
        """Return what tells of a new gift card's load, not saved yet; None for what is none or was not loaded."""
        if not voucher.is_gift or not voucher.gift_balance:
            return None
        kind = GiftTransaction.Type.ADDITION
        return self.model(**self._of(voucher, voucher.gift_balance, kind=kind, origin=origin))

    def _of(self, voucher: Voucher, amount: int, *, kind: str, origin: Origin) -> dict:
        return {
            "public_id": new_id("vtx_", origin.at),
            "voucher": voucher,
            "voucher_public_id": voucher.public_id,
            "code": voucher.code,
            "campaign_public_id": voucher.campaign.public_id if voucher.campaign else "",
            "type": kind,
            "amount": amount,
            "balance": voucher.gift_balance,
            "total": voucher.gift_balance + voucher.redeemed_amount,
            "reason": origin.reason,
            "source_id": origin.source_id,
            "channel_type": origin.channel_type,
            "channel_id": origin.channel_id,
            "channel_name": origin.channel_name,
            "redemption_public_id": origin.redemption_id,
            "rollback_public_id": origin.rollback_id,
            "created_at": origin.at,
        }


class GiftTransaction(models.Model):
    """One change of a gift card's balance, written once. The sum of a card's amounts is its balance, always."""

    class Type(models.TextChoices):
        REDEMPTION = "CREDITS_REDEMPTION", "Redeemed"
        REFUND = "CREDITS_REFUND", "Rolled back"
        ADDITION = "CREDITS_ADDITION", "Loaded"
        REMOVAL = "CREDITS_REMOVAL", "Taken off"

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "vtx_"))
    voucher = models.ForeignKey(
        Voucher, null=True, on_delete=models.SET_NULL, related_name="gift_transactions", db_index=False
    )
    # As text, for the voucher may be deleted.
    voucher_public_id = models.CharField(max_length=40)
    code = models.CharField(max_length=200)
    campaign_public_id = models.CharField(max_length=40, blank=True)
    type = models.CharField(max_length=20, choices=Type.choices)
    amount = models.BigIntegerField(help_text="Cents, negative when taken.")
    balance = models.BigIntegerField(help_text="Cents left afterwards.")
    total = models.BigIntegerField(help_text="Cents ever loaded less those taken off by hand, afterwards.")
    reason = models.TextField(blank=True)
    source_id = models.CharField(max_length=200, blank=True, help_text="The caller's own number of it.")
    channel_type = models.CharField(max_length=10, blank=True)
    channel_id = models.CharField(max_length=64, blank=True)
    channel_name = models.CharField(max_length=150, blank=True)
    redemption_public_id = models.CharField(max_length=40, blank=True)
    rollback_public_id = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = GiftTransactionQuerySet.as_manager()

    class Meta:
        # Who may see a voucher may see what moved its balance; nobody writes one by hand.
        default_permissions = ()
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="gift_transaction_newest"),
            models.Index(fields=["voucher", "-created_at", "-id"], name="gift_transaction_voucher"),
            models.Index(fields=["code"], name="gift_transaction_code"),
            models.Index(fields=["campaign_public_id", "-id"], name="gift_transaction_campaign"),
        ]
        constraints = [
            models.CheckConstraint(name="gift_transaction_moves", condition=~models.Q(amount=0)),
            models.CheckConstraint(name="gift_transaction_balance_not_negative", condition=models.Q(balance__gte=0)),
        ]

    def __str__(self) -> str:
        return self.public_id


class Publication(models.Model):
    """That codes were given to a customer, once; several at a time come from one campaign."""

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "pub_"))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # The caller's own id of the act; the same one again is answered with the same publication.
    source_id = models.CharField(max_length=200, unique=True, null=True, blank=True)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="publications")
    customer_public_id = models.CharField(max_length=40)
    tracking_id = models.CharField(max_length=200, null=True, blank=True)
    campaign = models.ForeignKey(
        Campaign, null=True, blank=True, on_delete=models.SET_NULL, related_name="publications"
    )
    vouchers = models.ManyToManyField(Voucher, related_name="publications")
    # The codes as they were given: they stay when a voucher is deleted.
    codes = models.JSONField(default=list)
    channel = models.CharField(max_length=100, default="API")
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-created_at", "-id"], name="publication_newest")]

    def __str__(self) -> str:
        return self.public_id
