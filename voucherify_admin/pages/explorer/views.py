"""The page, and for htmx the fragment, with a list's histogram and facets; the list itself never waits for it."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.generic import TemplateView

from voucherify_admin.pages.explorer.explorer import Explorer
from voucherify_admin.pages.filters import CURSORS
from voucherify_admin.pages.views import StaffMixin


class ExplorerView(StaffMixin, TemplateView):
    """Subclasses name the explorer, the list's address and its words."""

    template_name = "pages/explorer.html"
    fragment_template_name = "pages/_explorer.html"
    explorer_class: type[Explorer]
    list_url_name = ""
    list_title = ""

    def get_template_names(self) -> list[str]:
        return [self.fragment_template_name if self.is_fragment else self.template_name]

    @property
    def is_fragment(self) -> bool:
        return self.request.headers.get("HX-Request") == "true"

    def get_title(self) -> str:
        return f"{self.list_title}: histogram and most frequent values"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        list_url = reverse(self.list_url_name)
        explorer = self.explorer_class(self.request, list_url=list_url, now=timezone.now())
        histogram, facets = explorer.explore() if explorer.is_valid else (None, [])
        query = self.request.GET.copy()
        for name in (*CURSORS, "facet"):
            query.pop(name, None)
        back = self.request.GET.copy()
        for name in CURSORS:
            back.pop(name, None)
        return super().get_context_data(
            explorer=explorer,
            filter=explorer.filterset,
            chips=explorer.filterset.chips(),
            histogram=histogram,
            facets=facets,
            # Where nothing was found and nothing else could be chosen, the list's own words are enough.
            is_bare=bool(histogram and not histogram.total and not histogram.is_late)
            and not any(shown.entries or shown.is_late for shown in facets),
            # What the menu of keys sends besides the key.
            hidden=[(name, value) for name, values in query.lists() for value in values],
            list_url=list_url,
            back_url=f"{list_url}?{back.urlencode()}" if back else list_url,
            list_title=self.list_title,
            **kwargs,
        )

    def render_to_response(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().render_to_response(*args, **kwargs)
        patch_vary_headers(response, ("HX-Request",))
        return response
