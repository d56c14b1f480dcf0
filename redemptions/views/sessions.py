"""What carts keep of the codes at this moment, and letting go of it; a cart itself is the shop's."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views import View

from redemptions import actions
from redemptions.filters import SessionFilter
from redemptions.models import SessionLock
from redemptions.tables import SessionTable
from voucherify_admin.pages.views import FilteredListView, StaffMixin
from vouchers.models import Voucher

# The verb is that of DELETE /v1/vouchers/{code}/sessions/{key}; whoever may change a voucher may do it too.
MAY_RELEASE = ("redemptions.redeem", "vouchers.change_voucher")


def may_release(user: Any) -> bool:
    """Whether this person may let go of what a session keeps."""
    return any(user.has_perm(name) for name in MAY_RELEASE)


class SessionListView(FilteredListView):
    """Each use that a session keeps now, newest first; inside a voucher's page those of that voucher, if there are."""

    title = "Kept by sessions"
    permission_required = ("redemptions.view_redemption", "vouchers.view_voucher")
    filterset_class = SessionFilter
    table_class = SessionTable
    fragment_template_name = "redemptions/_sessions.html"
    empty_text = "No session keeps a code at this moment."

    def get_queryset(self) -> QuerySet:
        return SessionLock.objects.filter(expires_at__gt=timezone.now()).select_related("voucher")

    def get_table_kwargs(self) -> dict[str, Any]:
        left_out = [] if may_release(self.request.user) else ["release"]
        if self.is_fragment() and self.request.headers.get("HX-Target") != "list":
            left_out.append("voucher")
        return {"exclude": tuple(left_out)}

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        if context["embedded"] and not context["errors"] and not context["page"].rows:
            # A voucher that nobody keeps shows nothing at all.
            return HttpResponse(status=204)
        return super().render_to_response(context, **kwargs)


class SessionReleaseView(StaffMixin, View):
    """Lets go of what a session keeps of a voucher; the act stands among the voucher's events afterwards."""

    http_method_names = ["post"]

    def check_permissions(self, request: HttpRequest) -> None:
        if not may_release(request.user):
            raise PermissionDenied("You would need the permission “Can redeem vouchers” or “Can change voucher”.")

    def post(self, request: HttpRequest) -> HttpResponse:
        code, key = (request.POST.get(name, "").replace("\x00", "") for name in ("code", "session"))
        try:
            released = actions.release(code, key)
        except Voucher.DoesNotExist:
            raise Http404("No voucher has this code.") from None
        request.call.touch("voucher", code)
        request.call.log_as_event({"session": key, "released": released}, status=200 if released else 404)
        if released:
            messages.success(request, f"Session {key} keeps {code} no longer.")
        else:
            messages.info(request, f"Session {key} kept {code} no longer: it was redeemed, released or is over.")
        return redirect("vouchers:detail", code=code)
