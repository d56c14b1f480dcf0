"""Asks for an export: saves the row and hands it to the workers once it is committed; writes no file."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from voucherify_admin.accounts.models import User
from voucherify_admin.api.models import ApiKey
from voucherify_admin.exports import tasks
from voucherify_admin.exports.exporter import RefusedError, get_exporter
from voucherify_admin.exports.models import TOO_MANY_ROWS, Export
from voucherify_admin.exports.sheet import MAX_ROWS


@dataclass(frozen=True)
class FileForm:
    """How the file is to look: its columns in order, its format, the zone of its times, and for CSV the separator and
    whether a BOM opens it."""

    fields: list[str]
    format: str = Export.Format.CSV
    time_zone: str = "UTC"
    separator: str = ","
    with_bom: bool = True


def request_export(kind: str, query: str, user: User, *, form: FileForm) -> Export:
    """Save an export of a list with this query string for `user`, and have it built after the commit.

    Raises RefusedError, with a sentence for the person, when the filter cannot be used or the person may not have this.
    """
    export = Export(
        kind=kind,
        query=query,
        query_time_zone=timezone.get_current_timezone_name(),
        fields=form.fields,
        format=form.format,
        time_zone=form.time_zone,
        separator=form.separator,
        with_bom=form.with_bom,
        owner=user,
        channel=Export.Channel.WEBSITE,
    )
    exporter = get_exporter(kind)
    question = export.question()
    rows = exporter.rows(question)
    # Asked by the place of the first row that would not fit: that is exact, and counts nothing else.
    if export.format == Export.Format.XLSX and rows.order_by()[MAX_ROWS : MAX_ROWS + 1].exists():
        raise RefusedError(TOO_MANY_ROWS)
    export.conditions = [[chip.label, chip.value] for chip in exporter.chips(question)]
    return _save(export)


def request_export_by_key(kind: str, parameters: Mapping[str, Any], key: ApiKey, *, fields: list[str]) -> Export:
    """Save an export that the API asked for, and have it built after the commit; its times are UTC.

    `parameters` are the caller's own (order, fields, filters). Raises RefusedError, or ApiError where they do not fit.
    """
    export = Export(
        kind=kind,
        parameters=dict(parameters),
        fields=fields,
        with_bom=False,
        app_id=str(key.app_id),
        channel=Export.Channel.API,
    )
    get_exporter(kind).rows(export.question())
    return _save(export)


def _save(export: Export) -> Export:
    with transaction.atomic():
        export.save()
        transaction.on_commit(partial(tasks.enqueue, export.pk))
    return export
