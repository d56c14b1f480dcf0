"""The wire shapes of exports: what the API is asked and what it answers (Voucherify's API reference, "Exports")."""

from typing import Annotated, Any, Literal

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.urls import reverse
from ninja import Schema
from pydantic import AfterValidator, Field, StrictStr
from pydantic_core import PydanticCustomError

from voucherify_admin.api.errors import ApiError, invalid_payload
from voucherify_admin.api.models import ApiKey
from voucherify_admin.api.wire import BodyIn, Timestamp, iso
from voucherify_admin.exports.exporter import MAX_FIELDS, Exporter, get_exporter
from voucherify_admin.exports.models import Export

# The signature of a download link is of no use for anything else that this site signs.
TOKEN_SALT = "voucherify_admin.exports.download"

STATUS = {
    Export.State.QUEUED: "SCHEDULED",
    Export.State.RUNNING: "IN_PROGRESS",
    Export.State.DONE: "DONE",
    Export.State.FAILED: "ERROR",
    Export.State.CANCELLED: "ERROR",
    # It was done once; its file is gone, hence `result` is null.
    Export.State.EXPIRED: "DONE",
}


def _known(kind: str) -> str:
    if kind not in settings.EXPORTERS:
        raise PydanticCustomError(
            "enum", "should be equal to one of the allowed values", {"expected": ", ".join(sorted(settings.EXPORTERS))}
        )
    return kind


class ParametersIn(BodyIn):
    """Order, fields and filters of an export; each may be left out."""

    order: StrictStr | None = None
    fields: list[StrictStr] | None = None
    filters: dict[str, Any] | None = None


class ExportIn(BodyIn):
    """What is to be exported."""

    exported_object: Annotated[StrictStr, AfterValidator(_known), Field(examples=["redemption"])]
    parameters: ParametersIn | None = None

    def given(self) -> dict[str, Any]:
        """The parameters as they were sent, without those that mean nothing (null, an empty order)."""
        if self.parameters is None:
            return {}
        return {name: value for name, value in self.parameters.model_dump().items() if value not in (None, "")}

    def columns(self, key: Any) -> list[str]:
        """The fields asked for, or the default; `key` has `has_perm`. Raises ApiError for what cannot be exported."""
        exporter = get_exporter(self.exported_object)
        fields = self.given().get("fields") or list(exporter.wire_default_fields)
        if exporter.unknown_fields(fields, key):
            raise unknown_fields(exporter, key)
        if len(fields) > MAX_FIELDS:
            raise invalid_payload(f"Property .parameters.fields should not have more than {MAX_FIELDS} items")
        return fields


def unknown_fields(exporter: Exporter, key: Any) -> ApiError:
    """Return the 400 for a field that there is not, with those that there are for this key."""
    allowed = [
        name
        for name, column in exporter.columns.items()
        if column.permission is None or key.has_perm(column.permission)
    ]
    if exporter.metadata_field:
        allowed.append("metadata.<key>")
    return ApiError(
        400,
        "invalid_export_fields",
        "Invalid Export",
        f"Unsupported field used. Allowed fields: {', '.join(allowed)}",
    )


class ResultOut(Schema):
    url: str


class ExportOut(Schema):
    """An export; `result` holds the address of the file once there is one."""

    id: str
    object: Literal["export"]
    created_at: Timestamp
    status: Literal["SCHEDULED", "IN_PROGRESS", "DONE", "ERROR"]
    channel: Literal["API", "WEBSITE"]
    exported_object: str
    parameters: dict[str, Any]
    result: ResultOut | None
    user_id: str | None


class ExportListOut(Schema):
    object: Literal["list"]
    data_ref: Literal["exports"]
    exports: list[ExportOut]
    total: int


def export_out(export: Export, request: HttpRequest) -> dict[str, Any]:
    """Return the export as the API tells of it, with a link for the key that asks."""
    result = None
    if export.is_downloadable:
        address = request.build_absolute_uri(reverse("v1:get_export", args=[export.public_id]))
        result = {"url": f"{address}?token={token_for(export, request.call.key)}"}
    return {
        "id": export.public_id,
        "object": "export",
        "created_at": iso(export.created_at),
        "status": STATUS[Export.State(export.state)],
        "channel": export.channel,
        "exported_object": export.kind,
        "parameters": export.parameters,
        "result": result,
        "user_id": None,
    }


def token_for(export: Export, key: ApiKey) -> str:
    """Return the token that lets this key, and no other, download this export."""
    return signing.dumps([export.public_id, str(key.app_id)], salt=TOKEN_SALT)


def is_token_for(token: str, export: Export, key: ApiKey) -> bool:
    """Whether `token` was given to this key for this export."""
    try:
        return signing.loads(token, salt=TOKEN_SALT) == [export.public_id, str(key.app_id)]
    except signing.BadSignature:
        return False
