"""Checks the key of a call and what its role may do; knows no endpoint."""

from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Exists, OuterRef, Value
from django.http import HttpRequest
from ninja.security import APIKeyHeader

from voucherify_admin.api import limits, origins, tokens
from voucherify_admin.api.errors import UNAUTHORIZED, ApiError
from voucherify_admin.api.models import ApiKey, ClientKey, KeyPairQuerySet

BEARER = "Bearer "


def permissions_of(role: str) -> set[str]:
    """Return what the group of this name may do, as `app.codename`; keys and people of a role may do the same."""
    rows = Permission.objects.filter(group__name=role).values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


def _keys(permission: str | None) -> KeyPairQuerySet:
    """Return all keys, each with whether its role has the permission, so that one query tells who it is and may."""
    if permission is None:
        return ApiKey.objects.annotate(is_permitted=Value(True))
    app, _, codename = permission.partition(".")
    given = Permission.objects.filter(group__name=OuterRef("role"), content_type__app_label=app, codename=codename)
    return ApiKey.objects.annotate(is_permitted=Exists(given))


def _counted(request: HttpRequest, found: ApiKey | ClientKey | None) -> Any:
    """Take the key for this call's own and count the call; raise ApiError 401 without a key, 429 past its limit."""
    if found is None:
        raise ApiError(*UNAUTHORIZED)
    request.call.key = found
    request.call.allowance = limits.allowance_of(str(found.app_id))
    if request.call.allowance.is_used_up:
        raise limits.too_many(request.call.allowance)
    return found


class KeyAuth(APIKeyHeader):
    """Voucherify's key pair in the headers X-App-Id and X-App-Token, and one permission of the key's role.

    A bearer token from POST /v1/oauth/token stands for the pair that it was given for. Without a permission any key
    will do.
    """

    param_name = "X-App-Id"
    openapi_name = "X-App-Id"

    def __init__(self, permission: str | None, *, takes_tokens: bool = True) -> None:
        super().__init__()
        self.permission = permission
        self.keys = _keys(permission)
        self.takes_tokens = takes_tokens

    def authenticate(self, request: HttpRequest, key: str | None) -> ApiKey:
        """Return the key; raise ApiError 401 without a right pair, 403 when its role may not do this, 429."""
        given = request.headers.get("Authorization", "")
        if key is None and self.takes_tokens and given.startswith(BEARER):
            known = tokens.key_of(given.removeprefix(BEARER).strip(), self.keys)
        else:
            known = self.keys.authenticate(key or "", request.headers.get("X-App-Token", ""))
        found = _counted(request, known)
        if not found.is_permitted:
            raise ApiError(
                403,
                "missing_required_permission",
                "Missing required permission",
                f"The key's role {found.role} does not include {self.permission}",
            )
        return found


class ClientAuth(APIKeyHeader):
    """The pair that a shop's pages carry, X-Client-Application-Id and X-Client-Token, from an origin on its list."""

    param_name = "X-Client-Application-Id"
    openapi_name = "X-Client-Application-Id"

    def __init__(self, *, redeems: bool = False, publishes: bool = False) -> None:
        super().__init__()
        self.redeems = redeems
        self.publishes = publishes

    def authenticate(self, request: HttpRequest, key: str | None) -> ClientKey:
        """Return the key; raise ApiError 401 without a right pair, 403 from elsewhere or without leave, 429."""
        known = ClientKey.objects.authenticate(key or "", request.headers.get("X-Client-Token", ""))
        found = _counted(request, known)
        origin = origins.origin_of(request)
        if origin not in found.origins:
            raise ApiError(
                403,
                "forbidden",
                "Forbidden",
                f"The key {found.name} is not for pages of {origin}; an administrator can add the origin to its list"
                if origin
                else "A call of the client-side API names the page's origin in the header Origin",
            )
        request.call.origin = origin
        if self.redeems and not found.may_redeem:
            raise _switched_off(f"The key {found.name} may not redeem", "client-side redemption")
        if self.publishes and not found.may_publish:
            raise _switched_off(f"The key {found.name} may not give codes to customers", "client-side publication")
        return found


def _switched_off(what: str, switch: str) -> ApiError:
    return ApiError(
        403,
        "missing_required_permission",
        "Missing required permission",
        f"{what}; an administrator can switch on {switch}",
    )
