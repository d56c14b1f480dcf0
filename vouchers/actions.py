"""Changes of vouchers that touch more than one row; each verb owns its transaction. Knows nothing of attempts."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from campaigns.models import Campaign, Customer, RuleAssignment, ValidationRule
from campaigns.validity import InvalidValidity, parse_validity
from voucherify_admin.api.wire import MAX_CENTS
from voucherify_admin.async_actions import actions as async_actions
from voucherify_admin.async_actions.actions import Asked, Work
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.ids import new_id
from voucherify_admin.webhooks import actions as webhooks
from vouchers import bulk, imports
from vouchers.codes import generate_codes
from vouchers.models import GiftTransaction, Origin, Publication, Voucher

# So often codes are drawn anew for those that exist already; past that the pattern is as good as used up.
MOST_DRAWS = 10
ASSIGNED = "business_validation_rule.assignment.created"


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


class NothingToPublish(ValueError):  # noqa: N818
    """The campaign has no code left that nobody holds, and makes no new ones."""


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
class PublicationDraft:
    """A publication that is to be: to whom, and what the caller noted with it."""

    customer: Customer
    source_id: str | None = None
    channel: str = "API"
    metadata: dict[str, Any] = field(default_factory=dict)
    source: webhooks.Source = webhooks.INTERNAL


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
    draft: VoucherDraft,
    *,
    code: str = "",
    rules: Sequence[str] = (),
    now: datetime,
    origin: Origin | None = None,
    source: webhooks.Source = webhooks.INTERNAL,
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
            voucher = _with_random_code(draft, origin=origin or Origin(now))
        assignments = _assign(rules, "voucher", voucher.public_id, now=now)
        happened = [("voucher.created", voucher), *((ASSIGNED, one) for one in assignments)]
        webhooks.tell_each(happened, source=source, now=now)
        return voucher, assignments


def add_vouchers(draft: VoucherDraft, count: int, *, now: datetime, origin: Origin | None = None) -> None:
    """Create `count` vouchers with random codes, by one statement.

    `origin` says who loads them, if they are gift cards.

    Raises CodesUsedUp, with nothing created, when the pattern has not so many free codes.
    """
    check_codes(draft, count)
    with transaction.atomic():
        row = draft.voucher("", now=now)
        made = bulk.insert_random(row, count, code_config=draft.code_config, origin=origin or Origin(now))
        if made < count:
            raise CodesUsedUp(
                f"Only {made} of {count} codes are free in this pattern. Add more '#' (or length) or more characters."
            )


def check_codes(draft: VoucherDraft, count: int) -> None:
    """Raise CodesUsedUp when the draft's pattern cannot give so many codes, even if none exists yet."""
    try:
        bulk.check_capacity(count, draft.code_config)
    except ValueError as error:
        raise CodesUsedUp(str(error)) from error


def _with_random_code(draft: VoucherDraft, *, origin: Origin) -> Voucher:
    for _ in range(MOST_DRAWS):
        try:
            (code,) = generate_codes(1, **draft.code_config)
        except ValueError as error:
            raise CodesUsedUp(str(error)) from error
        voucher = draft.voucher(code, now=origin.at)
        # A code that is taken, also by a caller at the same moment, is passed over and drawn anew.
        Voucher.objects.bulk_create([voucher], ignore_conflicts=True)
        made = Voucher.objects.filter(public_id=voucher.public_id).select_related("campaign", "holder").first()
        if made is not None:
            GiftTransaction.objects.open([made], origin=origin)
            return made
    raise CodesUsedUp("Only 0 of 1 codes are free in this pattern. Add more '#' (or length) or more characters.")


def launch_campaign(
    draft: CampaignDraft,
    voucher: VoucherDraft,
    *,
    count: int,
    at_once: int,
    rules: Sequence[str] = (),
    asked: Asked,
    now: datetime,
    origin: Origin | None = None,
    source: webhooks.Source = webhooks.INTERNAL,
) -> Campaign:
    """Create a campaign with `count` vouchers made from `voucher`: all of it or nothing.

    More than `at_once` vouchers are made by a worker afterwards. Webhooks are told of the campaign and that its codes
    were made, not of each code.
    Raises Taken for a name that exists, CodesUsedUp, UnknownRule.
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                campaign = Campaign.objects.create(**vars(draft), created_at=now)
        except IntegrityError as error:
            raise Taken(draft.name) from error
        assignments = _assign(rules, "campaign", campaign.public_id, now=now)
        happened: list[webhooks.Happening] = [("campaign.created", campaign)]
        happened += [(ASSIGNED, one) for one in assignments]
        voucher.campaign = campaign
        voucher.category = campaign.category
        if count > at_once:
            add_vouchers_later(voucher, {}, count, campaign=campaign, asked=asked)
        elif count:
            add_vouchers(voucher, count, now=now, origin=origin)
            happened.append(("campaign.vouchers.generation.completed", (campaign, count)))
        webhooks.tell_each(happened, source=source, now=now)
    return campaign


def add_vouchers_later(
    draft: VoucherDraft, body: dict[str, Any], count: int, *, campaign: Campaign, asked: Asked
) -> AsyncAction:
    """Have a worker create `count` vouchers of the campaign; `body` is what `draft` was made from, as JSON.

    Raises CodesUsedUp when the pattern cannot give so many codes.
    """
    check_codes(draft, count)
    subject = ("campaign", campaign.public_id)
    return async_actions.start(Work("CAMPAIGN.VOUCHERS_GENERATE", count, {"voucher": body}, subject=subject), asked)


def import_file(content: bytes, *, file_name: str, campaign: Campaign | None, asked: Asked) -> AsyncAction:
    """Have a worker create a voucher for each row of a CSV file.

    Raises vouchers.imports.FileError for a file that cannot be read or has no rows.
    """
    total = sum(1 for _ in imports.read_rows(content))
    if not total:
        raise imports.FileError("The file has no row below the names of its columns")
    return _start_import("csv", content, total, file_name=file_name, campaign=campaign, asked=asked)


def import_list(bodies: Sequence[Any], *, campaign: Campaign | None, asked: Asked) -> AsyncAction:
    """Have a worker create a voucher for each of the bodies, which are JSON values."""
    content = json.dumps(bodies).encode()
    return _start_import("json", content, len(bodies), file_name="", campaign=campaign, asked=asked)


def update_metadata(changes: Sequence[dict[str, Any]], *, asked: Asked) -> AsyncAction:
    """Have a worker merge metadata into vouchers; `changes` are objects with `code` and `metadata`."""
    content = json.dumps(changes).encode()
    return async_actions.start(Work("VOUCHERS.BULK_UPDATE", len(changes), content=content), asked)


def _start_import(
    form: str, content: bytes, total: int, *, file_name: str, campaign: Campaign | None, asked: Asked
) -> AsyncAction:
    work = Work(
        type="CAMPAIGN.VOUCHERS_IMPORT" if campaign else "VOUCHERS.IMPORT",
        total=total,
        parameters={"format": form},
        subject=("campaign", campaign.public_id) if campaign else ("", ""),
        content=content,
        file_name=file_name,
    )
    return async_actions.start(work, asked)


def update_voucher(
    voucher: Voucher,
    changes: dict[str, Any],
    *,
    now: datetime,
    origin: Origin | None = None,
    source: webhooks.Source = webhooks.INTERNAL,
) -> Voucher:
    """Change columns of a voucher; metadata is merged by key, and a new gift amount moves the balance as much.

    Raises Unchangeable for another type of discount, an amount less than was spent, dates in the wrong order, hours
    and days that do not go together.
    """
    changes = dict(changes)
    moved = 0
    with transaction.atomic():
        voucher = (
            Voucher.objects.select_for_update(of=("self",)).select_related("campaign", "holder").get(pk=voucher.pk)
        )
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
        changes["updated_at"], was_active = now, voucher.is_active
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
        happened: list[webhooks.Happening] = [("voucher.updated", voucher)]
        if voucher.is_active != was_active:
            happened.append((_switched(voucher.is_active), voucher))
        happened += _note_change(voucher, moved, origin=origin or Origin(now, reason="The gift amount was changed"))
        webhooks.tell_each(happened, source=source, now=now)
    return voucher


def _switched(is_active: bool) -> str:
    return f"voucher.{'enabled' if is_active else 'disabled'}"


def set_active(voucher: Voucher, is_active: bool, *, source: webhooks.Source, now: datetime) -> None:
    """Enable or disable a voucher, and tell the webhooks when that changes something."""
    with transaction.atomic():
        was_active = voucher.is_active
        voucher.set_active(is_active, now=now)
        if is_active != was_active:
            webhooks.tell(_switched(is_active), voucher, source=source, now=now)


def change_balance(
    voucher: Voucher, amount: int, *, origin: Origin, source: webhooks.Source = webhooks.INTERNAL
) -> Voucher:
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
        webhooks.tell_each(_note_change(voucher, amount, origin=origin), source=source, now=origin.at)
    return voucher


def _note_change(voucher: Voucher, amount: int, *, origin: Origin) -> list[webhooks.Happening]:
    """Write down a change of the balance by hand and return what there is to tell of it."""
    kind = GiftTransaction.Type.ADDITION if amount > 0 else GiftTransaction.Type.REMOVAL
    moved = GiftTransaction.objects.note(voucher, amount, kind=kind, origin=origin)
    if moved is None:
        return []
    added: list[webhooks.Happening] = [("voucher.gift.balance_added", moved)] if amount > 0 else []
    return [*added, ("voucher.gift.transaction.created", moved)]


def assign_rule(
    rule: ValidationRule,
    object_type: str,
    object_id: str,
    *,
    replace: bool = False,
    source: webhooks.Source = webhooks.INTERNAL,
    now: datetime,
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
                assignment = RuleAssignment.objects.create(**bound, created_at=now)
        except IntegrityError as error:
            raise Taken(object_id) from error
        webhooks.tell(ASSIGNED, assignment, source=source, now=now)
        return assignment


def publish(draft: PublicationDraft, voucher: Voucher, *, now: datetime) -> Publication:
    """Give a voucher to a customer, who holds it unless somebody does already. Raises Voucher.DoesNotExist."""
    with transaction.atomic():
        if known := _published_before(draft):
            return known
        locked = Voucher.objects.locked([voucher.code]).get(pk=voucher.pk)
        return _publish(draft, [locked], campaign=voucher.campaign, now=now)


def publish_from(
    campaign: Campaign, template: VoucherDraft, draft: PublicationDraft, *, count: int, join_once: bool, now: datetime
) -> Publication:
    """Give a customer `count` codes of a campaign that nobody holds; with `join_once` the ones of the first time.

    A campaign of the type AUTO_UPDATE makes new codes from `template` when there are too few. Raises NothingToPublish,
    and CodesUsedUp when the template's pattern has no free code.
    """
    with transaction.atomic():
        # One at a time for a customer and a campaign, or two calls at once would both be the first.
        Customer.objects.select_for_update().get(pk=draft.customer.pk)
        if known := _published_before(draft):
            return known
        if join_once:
            earlier = Publication.objects.filter(campaign=campaign, customer=draft.customer)
            if first := earlier.order_by("created_at", "pk").first():
                return first
        free = Voucher.objects.filter(campaign=campaign, published_count=0, is_active=True).order_by("pk")
        # Codes that another caller is giving away at this moment are passed over.
        chosen = list(free.select_for_update(of=("self",), skip_locked=True)[:count])
        if len(chosen) < count:
            if campaign.type != Campaign.Type.AUTO_UPDATE:
                raise NothingToPublish(campaign.name)
            missing = count - len(chosen)
            made = [_with_random_code(template, origin=Origin(now)) for _ in range(missing)]
            webhooks.tell_each([("voucher.created", one) for one in made], source=draft.source, now=now)
            chosen += made
        return _publish(draft, chosen, campaign=campaign, now=now)


def _published_before(draft: PublicationDraft) -> Publication | None:
    return Publication.objects.filter(source_id=draft.source_id).first() if draft.source_id else None


def _publish(
    draft: PublicationDraft, vouchers: list[Voucher], *, campaign: Campaign | None, now: datetime
) -> Publication:
    keys = [voucher.pk for voucher in vouchers]
    Voucher.objects.filter(pk__in=keys).update(published_count=F("published_count") + 1)
    Voucher.objects.filter(pk__in=keys, holder=None).update(holder=draft.customer)
    publication = Publication.objects.create(
        created_at=now,
        source_id=draft.source_id,
        customer=draft.customer,
        customer_public_id=draft.customer.public_id,
        tracking_id=draft.customer.source_id,
        campaign=campaign,
        codes=[voucher.code for voucher in vouchers],
        channel=draft.channel,
        metadata=draft.metadata,
    )
    publication.vouchers.set(keys)
    if webhooks.is_listened_to("voucher.published", "customer.publication.succeeded"):
        # As they are now: who holds them was written past these objects.
        given = Voucher.objects.filter(pk__in=keys).select_related("campaign", "holder").order_by("pk")
        happened: list[webhooks.Happening] = [("voucher.published", (publication, one)) for one in given]
        happened.append(("customer.publication.succeeded", publication))
        webhooks.tell_each(happened, source=draft.source, now=now)
    return publication


def delete_voucher(voucher: Voucher, *, source: webhooks.Source = webhooks.INTERNAL, now: datetime) -> None:
    """Delete a voucher and what it was bound by. Attempts made with it stay: its code stands in them as text."""
    with transaction.atomic():
        webhooks.tell("voucher.deleted", voucher, source=source, now=now)
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
