"""What the frame around each page needs: the navigation, by permission; must cost nothing on pages without a frame."""

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject


class Entry(NamedTuple):
    """One entry of the navigation; `url` is a URL's name or a path."""

    label: str
    url: str
    icon: str
    permission: str | None = None


# The one place where the navigation is said.
NAVIGATION: list[tuple[str, list[Entry]]] = [
    (
        "",
        [
            Entry("Overview", "home", "layout-dashboard", "redemptions.view_redemption"),
            Entry("Redemptions", "redemptions:list", "receipt", "redemptions.view_redemption"),
            Entry("Redeem", "redemptions:redeem", "scan", "redemptions.redeem"),
        ],
    ),
    (
        "Offers",
        [
            Entry("Vouchers", "vouchers:list", "ticket", "vouchers.view_voucher"),
            Entry("Gift card transactions", "transactions", "credit-card", "vouchers.view_voucher"),
            Entry("Imports", "imports:list", "upload", "vouchers.add_voucher"),
            Entry("Campaigns", "campaigns:list", "speakerphone", "campaigns.view_campaign"),
            Entry("Customers", "campaigns:customer_list", "users", "campaigns.view_customer"),
        ],
    ),
    (
        "Data",
        [
            Entry("Exports", "exports:list", "file-download", "exports.add_export"),
            Entry("API log", "api:call_list", "list-details", "api.view_apicall"),
            Entry("API reference", "/v1/docs", "book", "api.view_apicall"),
        ],
    ),
    (
        "Settings",
        [
            Entry("Webhooks", "webhooks:list", "webhook", "webhooks.view_target"),
            Entry("Administration", "admin:index", "settings", "accounts.administer"),
        ],
    ),
]


def link(name: str) -> str | None:
    """The address of a URL's name (or the path itself), or None where there is no such page."""
    if name.startswith("/"):
        return name
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups and entries that this person may see; the one with the longest matching path is the active one."""
    groups = []
    best: dict[str, Any] | None = None
    for title, entries in NAVIGATION:
        shown = []
        for entry in entries:
            address = link(entry.url)
            if address is None or (entry.permission and not request.user.has_perm(entry.permission)):
                continue
            item = {"label": entry.label, "url": address, "icon": entry.icon, "active": False}
            shown.append(item)
            matches = request.path == address if address == "/" else request.path.startswith(address)
            if matches and (best is None or len(address) > len(best["url"])):
                best = item
        if shown:
            groups.append({"title": title, "entries": shown})
    if best is not None:
        best["active"] = True
    return groups


def frame(request: HttpRequest) -> dict[str, Any]:
    """`nav`, `search_url`, `bell_url`, `badge_url`, `password_url`, each found only when a template asks for it."""
    return {
        "nav": SimpleLazyObject(lambda: navigation(request)),
        "search_url": SimpleLazyObject(lambda: link("pages:search") or ""),
        "badge_url": SimpleLazyObject(lambda: link("notifications:badge") or ""),
        "bell_url": SimpleLazyObject(lambda: link("notifications:list") or ""),
        "password_url": SimpleLazyObject(lambda: link("account_change_password") or ""),
        "logout_url": SimpleLazyObject(lambda: link("account_logout") or ""),
    }
