"""Pages of imports: upload a file, watch it, see what came of each row; generated codes are watched here too."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import FormView, TemplateView, View

from campaigns.models import Campaign
from voucherify_admin.async_actions.actions import Asked
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.async_actions.results import csv_response
from voucherify_admin.pages.views import FilteredListView, StaffMixin
from vouchers import actions
from vouchers.filters import ImportFilter
from vouchers.forms import ImportForm
from vouchers.imports import FileError
from vouchers.tables import ImportTable, action_badge

ADD = "vouchers.add_voucher"
# So many rows that could not be used stand on the page; the file of results has all of them.
SHOWN = 50


class ImportListView(FilteredListView):
    """What was imported and generated, newest first."""

    permission_required = ADD
    title = "Imports"
    template_name = "vouchers/import_list.html"
    queryset = AsyncAction.objects.select_related("owner").defer("parameters")
    filterset_class = ImportFilter
    table_class = ImportTable
    empty_text = "Nothing was imported yet."


class ImportCreateView(StaffMixin, FormView):
    """Takes a CSV file and hands it to a worker."""

    permission_required = ADD
    title = "Import vouchers"
    form_class = ImportForm
    template_name = "vouchers/import_form.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(submit_label="Import", cancel_url=reverse("imports:list"), **kwargs)

    def form_valid(self, form: ImportForm) -> HttpResponse:
        request, file = self.request, form.cleaned_data["file"]
        try:
            action = actions.import_file(
                file.read(),
                file_name=file.name,
                campaign=form.cleaned_data["campaign"],
                asked=Asked(owner=request.user, request_id=request.call.request_id),
            )
        except FileError as error:
            form.add_error("file", f"{error}.")
            return self.form_invalid(form)
        request.call.touch("async_action", action.public_id)
        if action.subject_id:
            request.call.touch("campaign", action.subject_id)
        request.call.log_as_event({"async_action_id": action.public_id}, status=202)
        return redirect("imports:detail", public_id=action.public_id)


class ActionMixin(StaffMixin):
    """Finds the action of the address."""

    permission_required = ADD
    kwargs: dict[str, Any]

    @cached_property
    def action(self) -> AsyncAction:
        return get_object_or_404(AsyncAction.objects.select_related("owner"), public_id=self.kwargs["public_id"])


class ImportDetailView(ActionMixin, TemplateView):
    """One import: how far it is, and which rows could not be used."""

    template_name = "vouchers/import_detail.html"

    def get_title(self) -> str:
        return self.action.label

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        action = self.action
        campaign = Campaign.objects.filter(public_id=action.subject_id).first() if action.subject_id else None
        return super().get_context_data(
            object=action,
            badge=action_badge(action),
            campaign=campaign,
            failed=action.result(most=SHOWN)["failed"],
            **kwargs,
        )


class ImportProgressView(ImportDetailView):
    """The part of that page that changes; htmx asks for it each second."""

    template_name = "vouchers/_import_progress.html"


class ImportResultsView(ActionMixin, View):
    """Hands out what came of each row as CSV."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        return csv_response(self.action)
