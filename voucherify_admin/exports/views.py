"""Pages of exports: read the request, ask the exporter or call one verb, choose a template."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.generic import TemplateView, View

from voucherify_admin.api.body import client_ip
from voucherify_admin.exports import actions
from voucherify_admin.exports.exporter import METADATA, Exporter, Question, RefusedError, get_exporter, sentence
from voucherify_admin.exports.filters import ExportFilter
from voucherify_admin.exports.forms import COMPLETE, SHOWN, ExportForm
from voucherify_admin.exports.models import Download, Export
from voucherify_admin.exports.tables import ExportTable, state_badge
from voucherify_admin.notifications.models import Notification
from voucherify_admin.pages.filters import CURSORS
from voucherify_admin.pages.views import FilteredListView, StaffMixin

EXPORTS = "exports.add_export"
# So many rows are looked at for metadata keys to offer.
KEYS_AMONG = 500
MAX_QUERY = 8000


class ExportListView(FilteredListView):
    """What was exported: a person's own, or everyone's for administrators."""

    permission_required = EXPORTS
    title = "Exports"
    filterset_class = ExportFilter
    table_class = ExportTable
    template_name = "exports/export_list.html"
    empty_text = "Nothing was exported yet. The button “Export” stands above the lists, and here for all of them."

    def get_queryset(self) -> QuerySet:
        return Export.objects.visible_to(self.request.user).select_related("owner")

    def get_table_kwargs(self) -> dict[str, Any]:
        return {} if self.request.user.has_perm("accounts.administer") else {"exclude": ("owner",)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        every = [get_exporter(kind) for kind in settings.EXPORTERS]
        offered = [each for each in every if self.request.user.has_perm(each.permission)]
        return super().get_context_data(offered=sorted(offered, key=lambda each: each.label), **kwargs)


class ExportCreateView(StaffMixin, TemplateView):
    """Asks how the file is to look: `?kind=redemption&query=<the list's query string>`."""

    permission_required = EXPORTS
    template_name = "exports/export_form.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        given = request.POST if request.method == "POST" else request.GET
        try:
            self.exporter: Exporter = get_exporter(given.get("kind", "redemption"))
        except KeyError:
            raise Http404("There is no list of this kind.") from None
        self.query = _without_cursors(given.get("query", ""))
        return super().dispatch(request, *args, **kwargs)

    def get_permission_required(self) -> tuple[str, ...]:
        return (EXPORTS, self.exporter.permission)

    def get_title(self) -> str:
        return f"Export {self.exporter.label.lower()}"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            query = "" if form.cleaned_data["scope"] == COMPLETE else self.query
            try:
                export = actions.request_export(self.exporter.kind, query, request.user, form=form.file_form())
            except RefusedError as refusal:
                form.add_error(None, str(refusal))
            else:
                return redirect(export)
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown, complete = self._question(self.query), self._question("")
        filterset = self.exporter.filterset(shown)
        is_valid = filterset.is_valid()
        return super().get_context_data(
            exporter=self.exporter,
            query=self.query,
            chips=filterset.chips(),
            error="" if is_valid else sentence(filterset.errors_named()),
            rows_shown=self.exporter.about_how_many(shown) if is_valid else None,
            rows_complete=self.exporter.about_how_many(complete),
            **{"form": kwargs.pop("form", None) or self._form(), **kwargs},
        )

    def _question(self, query: str) -> Question:
        user = self.request.user
        zone = timezone.get_current_timezone()
        return Question(reader=user, query=query, query_zone=zone, fields=list(self.exporter.default_fields), zone=zone)

    def _form(self, data: QueryDict | None = None) -> ExportForm:
        user = self.request.user
        last = Export.objects.filter(owner=user, kind=self.exporter.kind).order_by("-created_at", "-id").first()
        remembered = list(last.fields) if last else list(self.exporter.default_fields)
        chosen = [key for key in remembered if not self.exporter.unknown_fields([key], user)]
        zone = timezone.get_current_timezone_name()
        return ExportForm(
            data,
            exporter=self.exporter,
            reader=user,
            keys=self._keys(chosen, data),
            zone=zone,
            initial={
                "scope": SHOWN,
                "columns": chosen,
                "time_zone": last.time_zone if last else zone,
                "separator": last.separator if last else ",",
                "with_bom": last.with_bom if last else True,
            },
        )

    def _keys(self, chosen: list[str], data: QueryDict | None) -> list[str]:
        """All keys to choose from: those of the last time first and in their order, then the others."""
        try:
            found = self.exporter.metadata_keys(self._question(self.query), among=KEYS_AMONG)
        except RefusedError:
            found = []
        typed = data.getlist("columns") if data else []
        keys = [*chosen, *self.exporter.offered(self.request.user), *typed, *(f"{METADATA}{key}" for key in found)]
        return [key for key in dict.fromkeys(keys) if not self.exporter.unknown_fields([key], self.request.user)]


def _without_cursors(query: str) -> str:
    if len(query) > MAX_QUERY:
        # Cut off, it would ask for more than the list shows.
        raise BadRequest("This filter is too long to be exported.")
    parts = QueryDict(query, mutable=True)
    for name in CURSORS:
        parts.pop(name, None)
    return parts.urlencode()


class ExportMixin(StaffMixin):
    """Finds the export of the address among those that this person may see."""

    permission_required = EXPORTS
    request: HttpRequest
    kwargs: dict[str, Any]

    def get_export(self) -> Export:
        """The export. Raises Http404 for one that does not exist or is somebody else's: both look the same."""
        rows = Export.objects.visible_to(self.request.user).select_related("owner")
        return get_object_or_404(rows, public_id=self.kwargs["public_id"])


class ExportDetailView(ExportMixin, TemplateView):
    """One export: how far it is, what is in it, who downloaded it."""

    template_name = "exports/export_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        export = self.get_export()
        return super().get_context_data(
            title=f"Export of {export.label.lower()}",
            object=export,
            badge=state_badge(export),
            columns=_labels(export),
            # Who downloaded it interests whoever owns it, and administrators; nobody else comes here.
            downloads=export.downloads.select_related("user")[:20],
            **kwargs,
        )


class ExportProgressView(ExportDetailView):
    """The part of that page that changes; htmx asks for it each second.

    Once the export has ended, its owner has been told: the event `told` makes the bell look at once.
    """

    template_name = "exports/_progress.html"

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        response = super().render_to_response(context, **kwargs)
        if not context["object"].is_under_way:
            response["HX-Trigger"] = "told"
        return response


class ExportCancelView(ExportMixin, View):
    """Stops an export that is not done yet."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        export = self.get_export()
        if not export.cancel():
            messages.info(request, "This export had ended already.")
        return redirect(export)


class ExportDownloadView(ExportMixin, View):
    """Hands the file to its owner or an administrator, never to a cache, and logs it."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, public_id: str) -> HttpResponseBase:
        export = self.get_export()
        try:
            # Rights are those of this moment and of this reader: a role can change after the file was written.
            get_exporter(export.kind).check_rights(export.question(reader=request.user))
        except RefusedError as refusal:
            raise PermissionDenied(str(refusal)) from None
        if not export.is_downloadable or not default_storage.exists(export.file):
            return self._nothing_to_download(request, export)
        response = FileResponse(
            default_storage.open(export.file),
            as_attachment=True,
            filename=export.filename,
            content_type="text/csv; charset=utf-8",
        )
        response["Cache-Control"] = "no-store, private"
        Download.objects.create(
            export=export,
            export_public_id=export.public_id,
            kind=export.kind,
            rows=export.rows_written,
            user=request.user,
            user_login=request.user.get_username(),
            ip_address=client_ip(request),
        )
        # Whoever has the file needs no alert of it any more.
        Notification.objects.filter(user=request.user, about=export.public_id).mark_read()
        return response

    def _nothing_to_download(self, request: HttpRequest, export: Export) -> HttpResponse:
        is_gone = export.state in (Export.State.EXPIRED, Export.State.DONE)
        if export.state == Export.State.DONE and not export.is_past(timezone.now()):
            messages.error(request, "The file is no longer in the storage. Export it again.")
        view = ExportDetailView()
        view.setup(request, public_id=export.public_id)
        return view.render_to_response(view.get_context_data(), status=410 if is_gone else 409)


def _labels(export: Export) -> list[str]:
    try:
        exporter = get_exporter(export.kind)
    except KeyError:
        return list(export.fields)
    columns = ((key, exporter.column(key)) for key in export.fields)
    return [column.label if column else key for key, column in columns]
