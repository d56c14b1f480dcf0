"""Admin pages of keys and calls: a key's secret is shown once, when it is issued; calls can only be looked at."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers

from voucherify_admin.adminsite import DashboardAdmin, RecordAdmin
from voucherify_admin.api.models import ApiCall, ApiKey


@admin.register(ApiKey)
class ApiKeyAdmin(DashboardAdmin):
    """Keys. To replace a secret, issue a second key, move the shop over, and deactivate the first."""

    list_display = ("name", "role", "app_id", "secret_begins", "is_active", "created_at", "created_by")
    list_filter = ("role", "is_active")
    list_select_related = ("created_by",)
    search_fields = ("name__istartswith",)
    search_help_text = "The beginning of the name"
    readonly_fields = ("app_id", "secret_begins", "created_at", "created_by")
    actions = ("deactivate", "activate")

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return ("name", "role") if obj is None else ("name", "role", "is_active", *self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        # The log names keys; a deactivated one can still be looked up.
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        key, secret = ApiKey.objects.issue(name=obj.name, role=obj.role, created_by=request.user)
        obj.pk, obj.app_id = key.pk, key.app_id
        # On the request, not in a message: messages are stored in the session.
        request.issued_secret = secret

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        response = TemplateResponse(
            request,
            "admin/api/apikey/issued.html",
            {**self.admin_site.each_context(request), "title": "API key issued", "opts": self.opts, "key": obj}
            | {"secret": request.issued_secret},
        )
        add_never_cache_headers(response)
        return response

    @admin.display(description="secret")
    def secret_begins(self, key: ApiKey) -> str:
        return f"{key.token_prefix}…"

    @admin.action(description="Deactivate the chosen keys", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        self.message_user(request, f"{queryset.update(is_active=False)} deactivated: calls with them are refused.")

    @admin.action(description="Activate the chosen keys", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        self.message_user(request, f"{queryset.update(is_active=True)} activated.")


class AnswerFilter(admin.SimpleListFilter):
    """Calls by how they were answered."""

    title = "answer"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("success", "Success"), ("failure", "Failure")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiCall]) -> QuerySet[ApiCall]:
        if self.value() == "success":
            return queryset.filter(status__lt=400)
        return queryset.filter(status__gte=400) if self.value() == "failure" else queryset


@admin.register(ApiCall)
class ApiCallAdmin(RecordAdmin):
    """The log of calls, as it was written."""

    list_display = ("created_at", "method", "path", "status", "channel", "key_name", "user_login", "request_id")
    list_filter = (AnswerFilter,)
    search_fields = ("request_id__exact",)
    search_help_text = "A request id"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiCall]:
        rows = super().get_queryset(request)
        is_list = request.resolver_match and request.resolver_match.url_name.endswith("_changelist")
        return rows.defer("request_body", "response_body") if is_list else rows
