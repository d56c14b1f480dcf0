"""Admin pages of keys and calls: a key's secret is shown once, when it is issued; calls can only be looked at."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers

from voucherify_admin.adminsite import DashboardAdmin, RecordAdmin
from voucherify_admin.api.models import ApiCall, ApiKey, ClientKey, KeyPair


class KeyPairAdmin(DashboardAdmin):
    """Keys. To replace a secret, issue a second key, move the shop over, and deactivate the first."""

    list_select_related = ("created_by",)
    search_fields = ("name__istartswith",)
    search_help_text = "The beginning of the name"
    readonly_fields = ("app_id", "secret_begins", "created_at", "created_by")
    actions = ("deactivate", "activate")
    # What is asked for when a key is issued, and the headers that carry it.
    given: tuple[str, ...]
    headers: tuple[str, str]

    def get_fields(self, request: HttpRequest, obj: KeyPair | None = None) -> tuple[str, ...]:
        return self.given if obj is None else (*self.given, "is_active", *self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: KeyPair | None = None) -> bool:
        # The log names keys; a deactivated one can still be looked up.
        return False

    def save_model(self, request: HttpRequest, obj: KeyPair, form: forms.ModelForm, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        values = {name: getattr(obj, name) for name in self.given}
        key, secret = self.model.objects.issue(**values, created_by=request.user)
        obj.pk, obj.app_id = key.pk, key.app_id
        # On the request, not in a message: messages are stored in the session.
        request.issued_secret = secret

    def response_add(self, request: HttpRequest, obj: KeyPair, post_url_continue: str | None = None) -> HttpResponse:
        response = TemplateResponse(
            request,
            "admin/api/key_issued.html",
            {
                **self.admin_site.each_context(request),
                "title": "API key issued",
                "opts": self.opts,
                "key": obj,
                "secret": request.issued_secret,
                "headers": self.headers,
            },
        )
        add_never_cache_headers(response)
        return response

    @admin.display(description="secret")
    def secret_begins(self, key: KeyPair) -> str:
        return f"{key.token_prefix}…"

    @admin.action(description="Deactivate the chosen keys", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet) -> None:
        self.message_user(request, f"{queryset.update(is_active=False)} deactivated: calls with them are refused.")

    @admin.action(description="Activate the chosen keys", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet) -> None:
        self.message_user(request, f"{queryset.update(is_active=True)} activated.")


@admin.register(ApiKey)
class ApiKeyAdmin(KeyPairAdmin):
    """Keys of servers, each with a role."""

    list_display = ("name", "role", "app_id", "secret_begins", "is_active", "created_at", "created_by")
    list_filter = ("role", "is_active")
    given = ("name", "role")
    headers = ("X-App-Id", "X-App-Token")


@admin.register(ClientKey)
class ClientKeyAdmin(KeyPairAdmin):
    """Keys of pages in a browser, each with the origins that it is for."""

    list_display = (
        "name",
        "origins",
        "may_redeem",
        "may_publish",
        "app_id",
        "secret_begins",
        "is_active",
        "created_at",
        "created_by",
    )
    list_filter = ("may_redeem", "may_publish", "is_active")
    given = ("name", "origins", "may_redeem", "may_publish")
    headers = ("X-Client-Application-Id", "X-Client-Token")


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
