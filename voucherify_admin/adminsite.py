"""Django admin for administrators: who may enter is a permission of the role, not a flag on the person.

Also the bases of every page in it, which must stay usable when a table has millions of rows.
"""

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property

# Further than this no admin list is paged or counted: whoever looks for one row searches.
MOST_COUNTED = 10_000


class DashboardAdminSite(admin.AdminSite):
    """The admin site; entered with `accounts.administer`, which the role Administrator has."""

    site_header = "Administration"
    site_title = "Administration"
    index_title = "Settings, people and records"
    # The link back to the dashboard stands in templates/admin/base_site.html.
    site_url = None

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.has_perm("accounts.administer")

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to the one sign-in page, with its limits on guessing; there is no second way in."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("Only administrators may enter Django admin.")
        # Imported here: this module is loaded before the models are.
        from django.contrib.auth.views import redirect_to_login

        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


class DashboardAdminConfig(AdminConfig):
    default_site = "voucherify_admin.adminsite.DashboardAdminSite"


class CappedPaginator(Paginator):
    """Counts no further than MOST_COUNTED rows, so that the last pages of a huge table are not offered."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return min(rows.order_by()[: MOST_COUNTED + 1].count(), MOST_COUNTED)
        return len(rows)


class IndentedJSONField(forms.JSONField):
    """JSON as a person reads it."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict | list):
            return json.dumps(value, indent=2, ensure_ascii=False)
        return super().prepare_value(value)

    def clean(self, value: Any) -> Any:
        """The JSON; nothing and `null` are an empty object where the column must hold one, and a list is refused."""
        cleaned = super().clean(value)
        if self.initial is not dict:
            return cleaned
        if cleaned in ([], ""):
            raise forms.ValidationError("This should be an object, which is written in braces: {}.")
        return {} if cleaned is None else cleaned


class DashboardAdmin(admin.ModelAdmin):
    """The base of every admin page: newest first by an index, no full count, no sorting by what has no index."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    sortable_by: tuple[str, ...] = ()
    ordering: tuple[str, ...] = ("-created_at", "-id")
    formfield_overrides = {models.JSONField: {"form_class": IndentedJSONField}}

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[str], dict[str, int], set[str], list]:
        """Name what is deleted itself. Django would read all that hangs on it, which may be millions of rows."""
        allowed = all(self.has_delete_permission(request, one) for one in objs)
        name = self.opts.verbose_name
        names = [f"{name}: {one}" for one in objs]
        return names, {str(self.opts.verbose_name_plural): len(names)}, set() if allowed else {str(name)}, []


class RecordAdmin(DashboardAdmin):
    """For what was written once and stays as it is: it can be looked at and nothing else."""

    actions = None

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [field.name for field in self.opts.fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.get_fields(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
