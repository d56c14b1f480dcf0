"""The asynchronous actions of vouchers: importing a file, and making many random codes; a step is a transaction."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.files.storage import default_storage
from django.db import DataError, IntegrityError, transaction
from pydantic import ValidationError

from campaigns.models import Campaign
from voucherify_admin.api.errors import ApiError, describe
from voucherify_admin.api.models import ApiKey
from voucherify_admin.async_actions.job import Job, RefusedError, RowResult, Step
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.webhooks import actions as webhooks
from vouchers import bulk, imports
from vouchers.models import GiftTransaction, Origin, Voucher
from vouchers.schemas import VoucherCreateIn, VoucherIn, type_of_campaign

IMPORT_ROWS = 1000
CODES = 100_000

Line = tuple[int, dict[str, Any] | str]


def _campaign(action: AsyncAction) -> Campaign | None:
    """Return the campaign that the action is about, None for none; raise RefusedError when it is gone."""
    if not action.subject_id:
        return None
    campaign = Campaign.objects.present().filter(public_id=action.subject_id).first()
    if campaign is None:
        raise RefusedError("The campaign was deleted in the meantime.")
    return campaign


def _origin(action: AsyncAction, now: datetime) -> Origin:
    """Return who asked for the action, for the transactions of gift cards."""
    if action.owner:
        return Origin(now, "USER", action.owner.public_id, action.owner.get_username())
    key = ApiKey.objects.filter(app_id=action.app_id).first() if action.app_id else None
    return Origin(now, "API", action.app_id, key.name if key else "") if action.app_id else Origin(now)


def source_of(action: AsyncAction) -> webhooks.Source:
    """Return who asked for the action, as webhooks are told of what it does."""
    by = _origin(action, action.created_at)
    return webhooks.Source(by.channel_type or "INTERNAL", by.channel_id, by.channel_name, action.request_id)


class ImportVouchers(Job):
    """Creates a voucher for each row of a file; a row that cannot be used is told and hinders no other."""

    label = "Import of vouchers"

    def __init__(self, action: AsyncAction) -> None:
        super().__init__(action)
        self.campaign = _campaign(action)
        self._position = -1
        self._lines: Iterator[tuple[int, dict[str, Any]]] = iter(())

    def step(self, position: int, *, now: datetime) -> Step:
        """Create the vouchers of the next IMPORT_ROWS rows."""
        if position != self._position:
            self._lines = self._from(position)
        results: list[RowResult] = []
        rows: list[tuple[int, Voucher]] = []
        taken = 0
        for number, line in self._lines:
            taken += 1
            try:
                voucher = self._voucher(line, now=now)
            except (imports.RowError, ApiError, ValidationError) as error:
                results.append(RowResult(number, _code_of(line), _sentence(error)))
            else:
                rows.append((number, voucher))
            if taken == IMPORT_ROWS:
                break
        results += _create(rows, _origin(self.action, now))
        self._position = position + taken
        done = sum(not result.error for result in results)
        return Step(self._position, done, is_last=taken < IMPORT_ROWS, rows=sorted(results, key=_number))

    def _from(self, position: int) -> Iterator[tuple[int, dict[str, Any]]]:
        with default_storage.open(self.action.file) as file:
            content = file.read()
        is_csv = self.action.parameters.get("format") == "csv"
        lines = imports.read_rows(content) if is_csv else json.loads(content)
        for number, line in enumerate(lines, start=1):
            if number > position:
                yield number, line

    def _voucher(self, line: dict[str, Any], *, now: datetime) -> Voucher:
        if self.action.parameters.get("format") == "csv":
            line = imports.body_of(line, campaign_type=type_of_campaign(self.campaign) if self.campaign else "")
        body = VoucherCreateIn.model_validate(line)
        if not body.code:
            raise imports.RowError("Property . should have required property 'code'")
        if body.validation_rules:
            raise imports.RowError("Property .validation_rules is not taken in imports; assign the rules afterwards")
        return body.draft(self.campaign).voucher(body.code, now=now)


def _number(result: RowResult) -> int:
    return result.number


def _code_of(line: Any) -> str:
    if not isinstance(line, dict):
        return ""
    found = next((value for name, value in line.items() if name.lower() == imports.CODE), "")
    return found.replace("\x00", "\ufffd")[:200] if isinstance(found, str) else ""


def _sentence(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return describe(error.errors())
    if isinstance(error, ApiError):
        return str(error.body.get("details", error))
    return str(error)


def _create(rows: list[tuple[int, Voucher]], origin: Origin) -> list[RowResult]:
    """Write the vouchers in one statement; tell of each whether it was, or that its code is taken."""
    vouchers = [voucher for _, voucher in rows]
    try:
        with transaction.atomic():
            Voucher.objects.bulk_create(vouchers, ignore_conflicts=True)
    except (DataError, IntegrityError):
        # One of them breaks a rule that only the database knows. Alone, each says so for itself.
        return [_create_alone(number, voucher, origin) for number, voucher in rows]
    made = dict(
        Voucher.objects.filter(public_id__in=[voucher.public_id for voucher in vouchers]).values_list("public_id", "pk")
    )
    for voucher in vouchers:
        # With conflicts ignored, PostgreSQL does not say which key which row got.
        voucher.pk = made.get(voucher.public_id)
    GiftTransaction.objects.open((voucher for voucher in vouchers if voucher.pk), origin=origin)
    return [
        RowResult(number, voucher.code, "" if voucher.public_id in made else "A voucher with this code exists already")
        for number, voucher in rows
    ]


def _create_alone(number: int, voucher: Voucher, origin: Origin) -> RowResult:
    try:
        with transaction.atomic():
            voucher.save(force_insert=True)
            GiftTransaction.objects.open([voucher], origin=origin)
    except IntegrityError as error:
        is_taken = Voucher.objects.filter(code=voucher.code).exists()
        text = "A voucher with this code exists already" if is_taken else f"It cannot be stored: {_first(error)}"
        return RowResult(number, voucher.code, text)
    except DataError as error:
        return RowResult(number, voucher.code, f"It cannot be stored: {_first(error)}")
    return RowResult(number, voucher.code)


def _first(error: Exception) -> str:
    return str(error).partition("\n")[0]


class ImportIntoCampaign(ImportVouchers):
    """The same for the codes of one campaign, made after its template."""

    label = "Import of a campaign's vouchers"


class UpdateMetadata(Job):
    """Merges metadata into many vouchers, each named by its code."""

    label = "Change of metadata"
    done_word = "changed"

    def step(self, position: int, *, now: datetime) -> Step:
        """Change the vouchers of the next IMPORT_ROWS objects."""
        with default_storage.open(self.action.file) as file:
            changes = json.loads(file.read())[position : position + IMPORT_ROWS]
        codes = [change["code"] for change in changes]
        vouchers = {voucher.code: voucher for voucher in Voucher.objects.locked(codes)}
        results = []
        for number, change in enumerate(changes, start=position + 1):
            voucher = vouchers.get(change["code"])
            if voucher is not None:
                voucher.metadata, voucher.updated_at = {**voucher.metadata, **change["metadata"]}, now
            error = "" if voucher else f"Cannot find voucher with id {change['code']}"
            results.append(RowResult(number, change["code"], error))
        Voucher.objects.bulk_update(vouchers.values(), ["metadata", "updated_at"], batch_size=200)
        behind = position + len(changes)
        done = sum(not result.error for result in results)
        return Step(behind, done, is_last=behind >= self.action.total, rows=results)


class GenerateVouchers(Job):
    """Makes many random codes for a campaign, each step by one statement."""

    label = "Generation of codes"

    def step(self, position: int, *, now: datetime) -> Step:
        """Make the next CODES codes; raise RefusedError, with none of this step made, when they are used up."""
        draft = VoucherIn.model_validate(self.action.parameters.get("voucher", {})).draft(_campaign(self.action))
        wanted = min(CODES, self.action.total - position)
        origin = _origin(self.action, now)
        made = bulk.insert_random(draft.voucher("", now=now), wanted, code_config=draft.code_config, origin=origin)
        if made < wanted:
            raise RefusedError(
                f"Only {position + made:,} of {self.action.total:,} codes are free in this pattern; {position:,} were "
                "made. Add more '#' (or length) or more characters."
            )
        is_last = position + made >= self.action.total
        if is_last and draft.campaign:
            told = (draft.campaign, self.action.total)
            webhooks.tell("campaign.vouchers.generation.completed", told, source=source_of(self.action), now=now)
        return Step(position + made, made, is_last=is_last)
