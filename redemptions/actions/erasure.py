"""The verb that erases a person from what was recorded; attempts stay as rows, so that the money stays right."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Case, F, Max, Min, Model, Q, QuerySet, Value, When
from django.utils import timezone

from campaigns.models import Customer, SegmentMembership
from redemptions.erasure import ERASED, Traces
from redemptions.models import Order, Redemption, Rollback
from voucherify_admin.api.models import ApiCall, CallTouch, IdempotentAnswer
from voucherify_admin.async_actions import actions as async_actions
from voucherify_admin.async_actions.actions import Asked, Work
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.exports.models import Export
from voucherify_admin.ids import new_id
from voucherify_admin.webhooks.models import Delivery
from vouchers.models import Publication

NAME = "Erased customer"
BODY = f'"{ERASED}"'
SEARCH = "CUSTOMER.ERASE"
# So many rows are searched within the call; more are searched by a worker.
AT_ONCE = 20_000
BATCH = 1000
# What is searched for traces that nothing ties to the customer, a list that showed them say: table and its columns.
SEARCHED: dict[str, tuple[type[Model], tuple[str, ...]]] = {
    "calls": (ApiCall, ("path", "query", "request_body", "response_body")),
    "deliveries": (Delivery, ("body", "response_body")),
    "attempts": (Redemption, ("code", "facts", "order", "metadata", "tracking_id")),
}
# Kinds of exports that hold a customer only in such columns; files of any other kind are taken for full of them.
TELLING = {
    "redemption": ("customer", "tracking", "metadata", "order"),
    "voucher": ("customer", "metadata", "additional_info"),
}
SAFE_KINDS = ("voucher_transactions",)


@dataclass(frozen=True)
class Erasure:
    """What an erasure came to; it is done when `action` is, the search for traces that nothing ties to the customer."""

    public_id: str
    customer_id: str
    created_at: datetime
    attempts: int
    orders: int
    segments: int
    calls: int
    action: AsyncAction

    @property
    def is_done(self) -> bool:
        return self.action.status == AsyncAction.Status.DONE


def erase(customer: Customer, *, asked: Asked, now: datetime | None = None) -> Erasure:
    """Erase a customer: the row, and what names them in attempts, orders, calls, deliveries, answers and files.

    All that is tied to the customer goes in one transaction. Then the whole log is searched for the identifiers: at
    once where it is small, else by a worker, step by step. Raises Customer.DoesNotExist for one that is gone.
    """
    now = now or timezone.now()
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(pk=customer.pk)
        traces = Traces.of(vars(customer))
        own = Redemption.objects.filter(customer=customer)
        if customer.source_id:
            # Also those of an earlier customer of the same id, who was deleted.
            own |= Redemption.objects.filter(customer=None, customer_source_id=customer.source_id)
        keys = list(own.order_by("pk").values_list("pk", flat=True))
        calls = _erase_calls(customer, keys)
        _erase_deliveries(keys)
        _erase_attempts(keys, traces)
        orders = _erase_rows(Order.objects.filter(customer=customer), traces, ("source_id",), ("metadata", "content"))
        _erase_publications(customer, traces)
        _erase_answers(customer, traces)
        _erase_exports(customer, traces, now=now)
        _erase_admin_log(customer)
        segments = SegmentMembership.objects.filter(customer=customer).count()
        customer.delete()
        work = _search(traces, customer.public_id)
        is_small = work.total <= AT_ONCE
        action = async_actions.prepare(work, asked) if is_small else async_actions.start(work, asked)
    if is_small:
        # Should this process die in between, a worker finds it waiting.
        action.run()
        action.refresh_from_db()
    return Erasure(new_id("del_", now), customer.public_id, now, len(keys), orders, segments, calls, action)


def _search(traces: Traces, public_id: str) -> Work:
    """Return the search through all rows that there are now, as ranges of keys."""
    ranges = []
    for name, (model, _) in SEARCHED.items():
        ends = model._default_manager.aggregate(first=Min("pk"), last=Max("pk"))
        if ends["first"] is not None:
            ranges.append([name, ends["first"], ends["last"] + 1])
    total = sum(end - begin for _, begin, end in ranges)
    # What is searched for is forgotten with the last step.
    parameters = {"identifiers": list(traces.identifiers), "ranges": ranges}
    return Work(SEARCH, total, parameters, subject=("customer", public_id))


def erase_found(name: str, begin: int, end: int, traces: Traces) -> int:
    """Erase, among the rows with these keys (`end` not counted), those that name the customer; returns how many."""
    model, columns = SEARCHED[name]
    rows = model._default_manager.filter(traces.found_in(*columns), pk__gte=begin, pk__lt=end)
    if name == "calls":
        keys = list(rows.values_list("pk", flat=True))
        # What the address of a call asked for may be all that is known of it.
        named = rows.filter(traces.found_in("path"))
        named.update(path=Case(When(endpoint="", then=Value("/…")), default=F("endpoint")))
        return _erase_bodies(ApiCall.objects.filter(pk__in=keys))
    if name == "deliveries":
        return _erase_sent(rows)
    return _erase_rows(rows, traces, ("code", "tracking_id"), ("facts", "order", "metadata"), with_words=False)


def _batches(keys: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(keys)
    while batch := list(islice(left, BATCH)):
        yield batch


def _erase_calls(customer: Customer, attempts: list[int]) -> int:
    """Erase both bodies of the calls that touched the customer, or something of theirs; returns how many."""
    touched = CallTouch.objects.filter(object_type="customer", object_id=customer.public_id)
    found = _erase_bodies(ApiCall.objects.filter(pk__in=touched.values("call_id")))
    orders = Order.objects.filter(customer=customer).values_list("public_id", flat=True)
    published = Publication.objects.filter(customer=customer).values_list("public_id", flat=True)
    things = [("order", list(orders)), ("publication", list(published))]
    for batch in _batches(attempts):
        rows = Redemption.objects.filter(pk__in=batch)
        undone = Rollback.objects.filter(redemption__in=batch)
        things.append(("redemption", list(rows.values_list("public_id", flat=True))))
        things.append(("rollback", list(undone.values_list("public_id", flat=True))))
        ids = {*rows.values_list("request_id", flat=True), *undone.values_list("request_id", flat=True)} - {""}
        found += _erase_bodies(ApiCall.objects.filter(request_id__in=ids))
    for kind, names in things:
        for batch in _batches(names):
            touched = CallTouch.objects.filter(object_type=kind, object_id__in=batch)
            found += _erase_bodies(ApiCall.objects.filter(pk__in=touched.values("call_id")))
    return found


def _erase_bodies(calls: QuerySet) -> int:
    """Erase what calls said of people: bodies and query, and an address that names a customer; returns how many.

    A page's call comes from the customer's own browser, so where it came from goes too.
    """
    # Those that were erased already are not counted again.
    calls = calls.exclude(response_body=BODY, query="", request_body__in=["", BODY])
    keys = list(calls.values_list("pk", flat=True))
    rows = ApiCall.objects.filter(pk__in=keys)
    of_customers = rows.filter(endpoint__startswith="/v1/customers/{")
    of_customers.exclude(path=F("endpoint")).update(path=F("endpoint"))
    rows.filter(path__startswith="/client/").update(ip_address=None, user_agent="")
    rows.exclude(request_body="").update(request_body=BODY)
    rows.update(response_body=BODY, query="")
    return len(keys)


def _erase_deliveries(attempts: list[int]) -> None:
    for batch in _batches(attempts):
        ids = Redemption.objects.filter(pk__in=batch).values_list("public_id", flat=True)
        undone = Rollback.objects.filter(redemption__in=batch).values_list("public_id", flat=True)
        _erase_sent(Delivery.objects.filter(entity_id__in=[*ids, *undone]))


def _erase_sent(deliveries: QuerySet) -> int:
    """Erase what was sent, and what was answered. What is not sent yet never is."""
    keys = list(deliveries.values_list("pk", flat=True))
    rows = Delivery.objects.filter(pk__in=keys)
    rows.filter(state=Delivery.State.PENDING).update(
        state=Delivery.State.FAILED, next_attempt_at=None, error="It was not sent: the customer was erased."
    )
    return rows.update(body=BODY, response_body="")


def _erase_attempts(attempts: list[int], traces: Traces) -> None:
    for batch in _batches(attempts):
        rows = Redemption.objects.filter(pk__in=batch)
        _erase_rows(rows, traces, ("code", "error_message"), ("facts", "order", "metadata"))
        rows.update(customer=None, customer_name=NAME, customer_source_id="", customer_snapshot=None, tracking_id=None)
        undone = Rollback.objects.filter(redemption__in=batch)
        _erase_rows(undone, traces, ("reason",), ("metadata",))
        undone.update(tracking_id=None)


def _erase_rows(
    rows: QuerySet, traces: Traces, texts: tuple[str, ...], jsons: tuple[str, ...], *, with_words: bool = True
) -> int:
    """Take what names the customer out of these columns, and write the rows that held something; returns how many."""
    changed = []
    number = 0
    for row in rows.only("pk", *texts, *jsons).iterator(chunk_size=BATCH):
        number += 1
        before = [getattr(row, name) for name in (*texts, *jsons)]
        after = [traces.cleaned(value, with_words=with_words) for value in before]
        if after != before:
            for name, value in zip((*texts, *jsons), after, strict=True):
                setattr(row, name, value)
            changed.append(row)
    for batch in _batches(changed):
        rows.model._default_manager.bulk_update(batch, [*texts, *jsons], batch_size=200)
    return number


def _erase_publications(customer: Customer, traces: Traces) -> None:
    rows = Publication.objects.filter(Q(customer=customer) | Q(customer_public_id=customer.public_id))
    _erase_rows(rows, traces, ("source_id",), ("metadata",))
    rows.update(customer_public_id="", tracking_id=None)


def _erase_answers(customer: Customer, traces: Traces) -> None:
    """The answers kept for calls that come again: they must go on being answered, so only what names somebody goes."""
    rows = IdempotentAnswer.objects.filter(
        Q(touched__contains=[["customer", customer.public_id]]) | traces.found_in("body")
    )
    for row in rows.iterator(chunk_size=BATCH):
        row.body = json.dumps(traces.cleaned(json.loads(row.body or "null")), ensure_ascii=False)
        row.save(update_fields=["body"])


def _erase_exports(customer: Customer, traces: Traces, *, now: datetime) -> None:
    """Delete the files that may hold the customer, have those under way written anew, and clean what was asked."""
    for export in Export.objects.filter(Q(state=Export.State.DONE), finished_at__gte=customer.created_at):
        if not _may_hold_customers(export):
            continue
        Export.objects.filter(pk=export.pk).update(state=Export.State.EXPIRED, file="", size=None)
        transaction.on_commit(partial(default_storage.delete, export.file), robust=True)
    # A build sees the rows as they were when it began: the worker notices that it lost this one, and the timetable
    # hands it out again.
    running = Export.objects.filter(state=Export.State.RUNNING)
    running.update(state=Export.State.QUEUED, heartbeat_at=now - timedelta(days=1))
    asked = Export.objects.filter(traces.found_in("query", "conditions", "parameters"))
    _erase_rows(asked, traces, ("query",), ("conditions", "parameters"), with_words=False)


def _may_hold_customers(export: Export) -> bool:
    if export.kind in SAFE_KINDS:
        return False
    told_in = TELLING.get(export.kind)
    return told_in is None or any(field.startswith(told_in) for field in export.fields)


def _erase_admin_log(customer: Customer) -> None:
    kind = ContentType.objects.get_for_model(Customer)
    LogEntry.objects.filter(content_type=kind, object_id=str(customer.pk)).update(object_repr=NAME)
