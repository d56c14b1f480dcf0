"""Admin pages of people: who they are, their role, their time zone. What a role may do is set on its group."""

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from voucherify_admin.accounts.models import User
from voucherify_admin.adminsite import CappedPaginator

# People sign in by name; a list of confirmed addresses would only stand empty.
admin.site.unregister(EmailAddress)


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """People and their roles. Permissions come from roles alone, so no single ones are offered."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_display = ("username", "first_name", "last_name", "email", "role", "is_active", "last_login")
    list_filter = ("groups", "is_active")
    search_fields = ("username__istartswith", "email__iexact", "last_name__istartswith", "public_id__exact")
    filter_horizontal = ("groups",)
    readonly_fields = ("public_id", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email", "time_zone")}),
        ("Role", {"fields": ("groups", "is_active")}),
        ("Record", {"fields": ("public_id", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {"classes": ("wide",), "fields": ("username", "usable_password", "password1", "password2", "groups")},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="role")
    def role(self, user: User) -> str:
        return user.role or "none"
