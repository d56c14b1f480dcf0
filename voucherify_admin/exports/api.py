"""The API of exports: each function takes a schema, calls one verb or queryset, answers a schema or the file."""

from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse
from ninja import Query, Router, Status

from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.body import client_ip
from voucherify_admin.api.errors import UNAUTHORIZED, ApiError, invalid_payload
from voucherify_admin.api.wire import ListQuery, errors, found
from voucherify_admin.exports import actions
from voucherify_admin.exports.exporter import RefusedError, get_exporter
from voucherify_admin.exports.models import Download, Export, KeyReader
from voucherify_admin.exports.schemas import ExportIn, ExportListOut, ExportOut, export_out, is_token_for

router = Router(tags=["Exports"])

EXPORTS = KeyAuth("exports.add_export")
ORDER = {"created_at": "created_at", "status": "state"}


def _found(request: HttpRequest, public_id: str) -> Export:
    export = found(
        Export.objects.of_key(request.call.key).filter(public_id=public_id).order_by("pk"), "export", public_id
    )
    request.call.touch("export", export.public_id)
    return export


def _told(request: HttpRequest, export: Export) -> dict:
    answer = export_out(export, request)
    if answer["result"]:
        # The link carries a token, and tokens are not written to the log.
        request.call.answer = {**answer, "result": {"url": "[redacted]"}}
    return answer


@router.post("/exports", auth=EXPORTS, response={200: ExportOut, **errors(400)}, summary="Create an export")
def create_export(request: HttpRequest, payload: ExportIn):
    """Have a file made of redemptions or vouchers. Ask for the export until its status is DONE, then download."""
    key = request.call.key
    fields = payload.columns(KeyReader(key))
    try:
        export = actions.request_export_by_key(payload.exported_object, payload.given(), key, fields=fields)
    except RefusedError as refusal:
        permission = get_exporter(payload.exported_object).permission
        if not KeyReader(key).has_perm(permission):
            raise ApiError(403, "missing_required_permission", "Missing required permission", str(refusal)) from None
        raise invalid_payload(str(refusal)) from None
    request.call.touch("export", export.public_id)
    return _told(request, export)


@router.get("/exports", auth=EXPORTS, response={200: ExportListOut, **errors(400)}, summary="List exports")
def list_exports(request: HttpRequest, asked: Query[ListQuery]):
    """The exports that were asked for with this key; a key of the role Administrator sees those of all keys."""
    answer = lists.answer(
        request,
        Export.objects.of_key(request.call.key),
        data_ref="exports",
        to_wire=lambda export: export_out(export, request),
        order=ORDER,
    )
    hidden = [{**each, "result": each["result"] and {"url": "[redacted]"}} for each in answer["exports"]]
    request.call.answer = {**answer, "exports": hidden}
    return answer


@router.get(
    "/exports/{export_id}",
    auth=EXPORTS,
    response={200: ExportOut, **errors(404)},
    summary="Get or download an export",
    url_name="get_export",
)
def get_export(request: HttpRequest, export_id: str, token: str | None = None):
    """Without `token` the export's state as JSON; with the token of its `result.url` the file, as text/plain."""
    if token is None:
        return _told(request, _found(request, export_id))
    key = request.call.key
    # A wrong token learns nothing, not even whether there is such an export.
    export = Export.objects.of_key(key).filter(public_id=export_id.replace("\x00", "")).first()
    if export is None or not is_token_for(token, export, key):
        raise ApiError(*UNAUTHORIZED)
    request.call.touch("export", export.public_id)
    return _file(request, export)


def _file(request: HttpRequest, export: Export) -> HttpResponse:
    key = request.call.key
    try:
        get_exporter(export.kind).check_rights(export.question(reader=KeyReader(key)))
    except RefusedError as refusal:
        raise ApiError(403, "missing_required_permission", "Missing required permission", str(refusal)) from None
    if not export.is_downloadable or not default_storage.exists(export.file):
        raise ApiError(404, "not_found", "Resource not found", f"Export {export.public_id} has no file")
    response = FileResponse(
        default_storage.open(export.file),
        as_attachment=True,
        filename=export.filename,
        content_type="text/plain; charset=utf-8",
    )
    response["Cache-Control"] = "no-store, private"
    Download.objects.create(
        export=export,
        export_public_id=export.public_id,
        kind=export.kind,
        rows=export.rows_written,
        app_id=str(key.app_id),
        ip_address=client_ip(request),
    )
    return response


@router.delete("/exports/{export_id}", auth=EXPORTS, response={204: None, **errors(404)}, summary="Delete an export")
def delete_export(request: HttpRequest, export_id: str):
    """Delete the export with its file; one that is being made is stopped."""
    _found(request, export_id).remove()
    return Status(204, None)
