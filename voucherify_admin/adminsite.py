"""Django admin for administrators: who may enter is a permission of the role, not a flag on the person."""

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest


class DashboardAdminSite(admin.AdminSite):
    """The admin site; entered with `accounts.administer`, which the role Administrator has."""

    site_header = "Administration"
    site_title = "Administration"
    index_title = "Settings, people and records"

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.has_perm("accounts.administer")


class DashboardAdminConfig(AdminConfig):
    default_site = "voucherify_admin.adminsite.DashboardAdminSite"
