"""The notification center and the badge of the bell: what was told to the person who looks, and to nobody else."""

import json
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import TemplateView, View

from voucherify_admin.notifications.filters import NotificationFilter
from voucherify_admin.notifications.models import Notification, NotificationQuerySet
from voucherify_admin.notifications.tables import NotificationTable
from voucherify_admin.pages.views import FilteredListView, StaffMixin

# In the session: up to which notice (its key) a toast was shown in it.
ANNOUNCED = "notifications_announced"
MOST_SHOWN = 99


class NotificationListView(FilteredListView):
    """All notices to this person, newest first."""

    title = "Notifications"
    template_name = "notifications/notification_list.html"
    fragment_template_name = "notifications/_list.html"
    filterset_class = NotificationFilter
    table_class = NotificationTable
    empty_text = "Nothing was told to you yet. When an export is ready or an import has ended, it is said here."

    def get_queryset(self) -> QuerySet:
        return Notification.objects.filter(user=self.request.user)


class NotificationMixin(StaffMixin):
    """Finds the notices of the person who asks."""

    request: HttpRequest

    def own(self) -> NotificationQuerySet:
        """This person's notices."""
        return Notification.objects.filter(user=self.request.user)


class NotificationOpenView(NotificationMixin, View):
    """Marks a notice read and goes where it leads; for an export that is ready, to its file."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        notice = get_object_or_404(self.own(), public_id=public_id)
        self.own().filter(pk=notice.pk).mark_read()
        is_ours = url_has_allowed_host_and_scheme(notice.url, allowed_hosts=None)
        return redirect(notice.url if notice.url and is_ours else "notifications:list")


class NotificationReadView(NotificationMixin, View):
    """Marks one notice read, or all of them."""

    def post(self, request: HttpRequest, public_id: str | None = None) -> HttpResponse:
        rows = self.own()
        if public_id is not None:
            rows = rows.filter(pk=get_object_or_404(rows, public_id=public_id).pk)
        count = rows.mark_read()
        if public_id is None and count:
            messages.success(request, f"{count} notification{'s were' if count > 1 else ' was'} marked read.")
        return redirect("notifications:list")


class NotificationBadgeView(NotificationMixin, TemplateView):
    """The number on the bell; asked for again and again, so it costs one or two small queries.

    What has arrived since this session looked last is announced once, by the event `notify` in the answer's headers.
    """

    template_name = "notifications/_badge.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        unread = list(self.own().unread().order_by("-pk").values_list("pk", "created_at")[: MOST_SHOWN + 1])
        fresh = self._fresh(unread)
        response = self.render_to_response({"count": len(unread), "most": MOST_SHOWN})
        if fresh:
            newest = self.own().get(pk=fresh[0])
            address = reverse("notifications:open", args=[newest.public_id])
            event = {"title": newest.title, "url": address, "count": len(fresh)}
            response["HX-Trigger"] = json.dumps({"notify": event})
            request.session[ANNOUNCED] = fresh[0]
        return response

    def _fresh(self, unread: list[tuple[int, datetime]]) -> list[int]:
        """The keys of the unread notices that this session has not announced, newest first."""
        announced = self.request.session.get(ANNOUNCED)
        if announced is not None:
            return [pk for pk, _ in unread if pk > announced]
        # What waited since before the sign-in is counted on the bell, but is no news.
        since = self.request.user.last_login or datetime.min.replace(tzinfo=UTC)
        return [pk for pk, created_at in unread if created_at > since]
