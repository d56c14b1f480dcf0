"""Changes of vouchers that touch more than one row; each verb owns its transaction. Knows nothing of attempts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from campaigns.models import Campaign, RuleAssignment, ValidationRule
from campaigns.validity import InvalidValidity, parse_validity
from voucherify_admin.api.wire import MAX_CENTS
from voucherify_admin.ids import new_id
from vouchers.codes import generate_codes
from vouchers.models import GiftTransaction, Origin, Voucher

# So often codes are drawn anew for those that exist already; past that the pattern is as good as used up.
MOST_DRAWS = 10
BATCH = 2000


class Taken(ValueError):  # noqa: N818 - it is the name that is taken
    """A code or a name that exists already."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class CodesUsedUp(ValueError):  # noqa: N818 - it is the codes that are used up
    """The pattern cannot give as many new codes as were asked for; the text says so."""


class UnknownRule(ValueError):  # noqa: N818 - it is the rule that is unknown
    """There is no validation rule with this id."""

    def __init__(self, rule_id: str) -> None:
        super().__init__(rule_id)
        self.rule_id = rule_id


class Unchangeable(ValueError):  # noqa: N818
    """A change that a voucher does not allow; the text says which."""


class NoGiftCard(ValueError):  # noqa: N818 - it is the gift card that is missing
    """A balance was to be changed where there is none."""


class OutOfBounds(ValueError):  # noqa: N818 - it is the balance that would be out of bounds
    """The balance would fall below zero or grow past all measure; the text says what is possible."""


@dataclass
class VoucherDraft:
    """A voucher that is to be: checked values, no code yet. Amounts are cents."""

    type: str
    discount: dict[str, Any] | None = None
    gift_amount: int = 0
    gift_effect: str = "APPLY_TO_ORDER"
    quantity: int | None = None
    start_date: datetime | None = None
    expiration_date: datetime | None = None
    validity_timeframe: dict[str, Any] | None = None
    validity_day_of_week: list[int] | None = None
    validity_hours: dict[str, Any] | None = None
    is_active: bool = True
    category: str = ""
    additional_info: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    campaign: Campaign | None = None
    # Arguments of vouchers.codes.generate_codes, for random codes.
    code_config: dict[str, Any] = field(default_factory=dict)

    def voucher(self, code: str, *, now: datetime) -> Voucher:
        """Return the row for one code, not saved yet."""
        return Voucher(
            public_id=new_id("v_"),
            code=code,
            campaign=self.campaign,
            type=self.type,
            discount=self.discount,
            gift_amount=self.gift_amount,
            gift_balance=self.gift_amount,
            gift_effect=self.gift_effect,
            quantity=self.quantity,
            start_date=self.start_date,
            expiration_date=self.expiration_date,
            validity_timeframe=self.validity_timeframe,
            validity_day_of_week=self.validity_day_of_week,
            validity_hours=self.validity_hours,
            is_active=self.is_active,
            category=self.category,
            additional_info=self.additional_info,
            metadata=self.metadata,
            created_at=now,
        )


@dataclass
class CampaignDraft:
    """A campaign that is to be: checked values."""

    name: str
    campaign_type: str
    type: str
    voucher_template: dict[str, Any]
    description: str = ""
    start_date: datetime | None = None
    expiration_date: datetime | None = None
    validity_timeframe: dict[str, Any] | None = None
    validity_day_of_week: list[int] | None = None
    validity_hours: dict[str, Any] | None = None
    is_active: bool = True
    category: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


def create_voucher(
    draft: VoucherDraft, *, code: str = "", rules: Sequence[str] = (), now: datetime, origin: Origin | None = None
) -> tuple[Voucher, list[RuleAssignment]]:
    """Create one voucher, bound by the rules with these ids; without a code it gets a random one.

    Raises Taken for a code that exists, CodesUsedUp when no random one is free, UnknownRule.
    """
    with transaction.atomic():
        if code:
            voucher = draft.voucher(code, now=now)
            try:
                with transaction.atomic():
                    voucher.save(force_insert=True)
            except IntegrityError as error:
                raise Taken(code) from error
            GiftTransaction.objects.open([voucher], origin=origin or Origin(now))
        else:
            (voucher,) = add_vouchers(draft, 1, now=now, origin=origin)
        return voucher, _assign(rules, "voucher", voucher.public_id, now=now)


def add_vouchers(draft: VoucherDraft, count: int, *, now: datetime, origin: Origin | None = None) -> list[Voucher]:
    """Create `count` vouchers with random codes, in few statements; returns them in the order of their codes.

    `origin` says who loads them, if they are gift cards.

    Raises CodesUsedUp, with nothing created, when the pattern has not so many free codes.
    """
    created: list[Voucher] = []
    with transaction.atomic():
        for _ in range(MOST_DRAWS):
            missing = count - len(created)
            if not missing:
                break
            try:
                codes = list(generate_codes(missing, **draft.code_config))
            except ValueError as error:
                raise CodesUsedUp(str(error)) from error
            rows = [draft.voucher(code, now=now) for code in codes]
            # Codes that are taken, also by a caller at the same moment, are passed over and drawn anew.
            Voucher.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
            made = Voucher.objects.filter(public_id__in=[row.public_id for row in rows]).select_related("campaign")
            created += made.order_by("code")
        if len(created) < count:
            raise CodesUsedUp(
                f"Only {len(created)} of {count} codes are free in this pattern. Add more '#' (or length) or more "
                "characters."
            )
        GiftTransaction.objects.open(created, origin=origin or Origin(now))
    return created


def launch_campaign(
    draft: CampaignDraft,
    voucher: VoucherDraft,
    *,
    count: int,
    rules: Sequence[str] = (),
    now: datetime,
    origin: Origin | None = None,
) -> Campaign:
    """Create a campaign with `count` vouchers made from `voucher`: all of it or nothing.

    Raises Taken for a name that exists, CodesUsedUp, UnknownRule.
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                campaign = Campaign.objects.create(**vars(draft), created_at=now)
        except IntegrityError as error:
            raise Taken(draft.name) from error
        _assign(rules, "campaign", campaign.public_id, now=now)
        voucher.campaign = campaign
        voucher.category = campaign.category
        add_vouchers(voucher, count, now=now, origin=origin)
    return campaign


def update_voucher(
    voucher: Voucher, changes: dict[str, Any], *, now: datetime, origin: Origin | None = None
) -> Voucher:
    """Change columns of a voucher; metadata is merged by key, and a new gift amount moves the balance as much.

    Raises Unchangeable for another type of discount, an amount less than was spent, dates in the wrong order, hours
    and days that do not go together.
    """
    changes = dict(changes)
    moved = 0
    with transaction.atomic():
        voucher = Voucher.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=voucher.pk)
        if "discount" in changes and (voucher.discount or {}).get("type") != changes["discount"]["type"]:
            raise Unchangeable("It is not possible to change Voucher discount type")
        if ("gift_amount" in changes or "gift_effect" in changes) and not voucher.is_gift:
            raise Unchangeable("It is not possible to change a discount voucher into a gift card")
        if "gift_amount" in changes:
            moved = changes["gift_amount"] - voucher.gift_amount
            changes["gift_balance"] = voucher.gift_balance + moved
            if changes["gift_balance"] < 0:
                raise Unchangeable(
                    f"The gift amount cannot be {changes['gift_amount']}: more than that has been spent or taken off"
                )
        if "metadata" in changes:
            changes["metadata"] = {**voucher.metadata, **changes["metadata"]}
        changes["updated_at"] = now
        for name, value in changes.items():
            setattr(voucher, name, value)
        if voucher.start_date and voucher.expiration_date and voucher.expiration_date <= voucher.start_date:
            raise Unchangeable("The expiration date should be after the start date")
        try:
            parse_validity(
                voucher.validity_timeframe,
                voucher.validity_day_of_week,
                voucher.validity_hours,
                starts=voucher.start_date is not None,
            )
        except InvalidValidity as error:
            raise Unchangeable(str(error)) from error
        voucher.save(update_fields=list(changes))
        _note_change(voucher, moved, origin=origin or Origin(now, reason="The gift amount was changed"))
    return voucher


def change_balance(voucher: Voucher, amount: int, *, origin: Origin) -> Voucher:
    """Load a gift card with `amount` cents, or take them off when `amount` is negative.

    Raises NoGiftCard, and OutOfBounds for more than there is to take, or more than a balance can hold.
    """
    with transaction.atomic():
        voucher = Voucher.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=voucher.pk)
        if not voucher.is_gift:
            raise NoGiftCard("Only a gift card has a balance, and this is a discount voucher")
        if voucher.gift_balance + amount < 0:
            raise OutOfBounds(f"The balance is {voucher.gift_balance}: at most as much can be taken off, not {-amount}")
        if voucher.gift_amount + amount > MAX_CENTS:
            raise OutOfBounds(
                f"A gift card can hold {MAX_CENTS} at the most, and has been loaded with {voucher.gift_amount} already"
            )
        voucher.gift_balance += amount
        # What is loaded counts for ever; what is taken off again does not lessen it.
        voucher.gift_amount += max(0, amount)
        voucher.updated_at = origin.at
        voucher.save(update_fields=["gift_balance", "gift_amount", "updated_at"])
        _note_change(voucher, amount, origin=origin)
    return voucher


def _note_change(voucher: Voucher, amount: int, *, origin: Origin) -> None:
    kind = GiftTransaction.Type.ADDITION if amount > 0 else GiftTransaction.Type.REMOVAL
    GiftTransaction.objects.note(voucher, amount, kind=kind, origin=origin)


def assign_rule(
    rule: ValidationRule, object_type: str, object_id: str, *, replace: bool = False, now: datetime
) -> RuleAssignment:
    """Bind a voucher or a campaign, given by its public id, by a rule; `replace` makes an existing binding anew.

    Raises Taken when the rule binds it already.
    """
    with transaction.atomic():
        bound = {"rule": rule, "related_object_type": object_type, "related_object_id": object_id}
        if replace:
            RuleAssignment.objects.filter(**bound).delete()
        try:
            with transaction.atomic():
                return RuleAssignment.objects.create(**bound, created_at=now)
        except IntegrityError as error:
            raise Taken(object_id) from error


def delete_voucher(voucher: Voucher) -> None:
    """Delete a voucher and what it was bound by. Attempts made with it stay: its code stands in them as text."""
    with transaction.atomic():
        RuleAssignment.objects.binding(vouchers=[voucher.public_id], campaigns=[]).delete()
        voucher.delete()


def _assign(rule_ids: Iterable[str], object_type: str, object_id: str, *, now: datetime) -> list[RuleAssignment]:
    wanted = list(dict.fromkeys(rule_ids))
    rules = {rule.public_id: rule for rule in ValidationRule.objects.filter(public_id__in=wanted)} if wanted else {}
    for rule_id in wanted:
        if rule_id not in rules:
            raise UnknownRule(rule_id)
    return RuleAssignment.objects.bulk_create(
        RuleAssignment(
            rule=rules[rule_id], related_object_type=object_type, related_object_id=object_id, created_at=now
        )
        for rule_id in wanted
    )
