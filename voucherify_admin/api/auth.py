"""Checks the key of a call and what its role may do; knows no endpoint."""

from django.contrib.auth.models import Permission
from django.http import HttpRequest
from ninja.security import APIKeyHeader

from voucherify_admin.api.errors import UNAUTHORIZED, ApiError
from voucherify_admin.api.models import ApiKey


def permissions_of(role: str) -> set[str]:
    """Return what the group of this name may do, as `app.codename`; keys and people of a role may do the same."""
    rows = Permission.objects.filter(group__name=role).values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


class KeyAuth(APIKeyHeader):
    """Voucherify's key pair in the headers X-App-Id and X-App-Token, and one permission of the key's role."""

    param_name = "X-App-Id"
    openapi_name = "X-App-Id"

    def __init__(self, permission: str) -> None:
        super().__init__()
        self.permission = permission

    def authenticate(self, request: HttpRequest, key: str | None) -> ApiKey:
        """Return the key; raise ApiError 401 without a right pair, 403 when its role may not do this."""
        found = ApiKey.objects.authenticate(key or "", request.headers.get("X-App-Token", ""))
        if found is None:
            raise ApiError(*UNAUTHORIZED)
        request.call.key = found
        if self.permission not in permissions_of(found.role):
            raise ApiError(
                403,
                "missing_required_permission",
                "Missing required permission",
                f"The key's role {found.role} does not include {self.permission}",
            )
        return found
