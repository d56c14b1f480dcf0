"""What the search box finds in the API log: a call by its request id."""

from collections.abc import Iterator

from django.urls import reverse

from voucherify_admin.api.models import ApiCall
from voucherify_admin.pages.search import Asked, Group, Hit


def find(asked: Asked) -> Iterator[Group]:
    """The call of this request id; a second one, for the attempt of the same call stands beside it."""
    if asked.text.startswith("v-") and asked.user.has_perm("api.view_apicall"):
        rows = ApiCall.objects.filter(request_id=asked.text).order_by("-created_at")[:1]
        hits = [
            Hit(
                f"{row.method} {row.path}",
                reverse("api:call_detail", args=[row.request_id]),
                f"status {row.status}",
                True,
            )
            for row in rows
        ]
        yield Group("API log", "list-details", hits)
