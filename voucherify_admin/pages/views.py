"""The base views of every page of ours: who may see it, and how a filtered list is shown. Knows no voucher."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.http import urlencode
from django.views.generic import TemplateView
from django_filters import FilterSet

from voucherify_admin.pages import columns, context, keyset
from voucherify_admin.pages.chooser import ChooserMixin
from voucherify_admin.pages.fragments import FragmentsMixin
from voucherify_admin.pages.keyset import KeysetPage
from voucherify_admin.pages.tables import BaseTable


class StaffMixin:
    """For people who are signed in and hold `permission_required` (one name or several, all needed).

    Strangers are led to the sign-in page and back; who lacks a permission gets a 403 page that names it. `title` goes
    into the template's context. Pages are never stored by the browser, so that nothing is left after signing out.
    """

    permission_required: str | tuple[str, ...] = ()
    title = ""
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.sign_in_first(request)
        if any("\x00" in value for value in kwargs.values() if isinstance(value, str)):
            # PostgreSQL keeps no text with a NUL, so nothing is called so.
            raise Http404("No name holds a NUL.")
        self.check_permissions(request)
        response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    def get_permission_required(self) -> tuple[str, ...]:
        """The permissions of this page as a tuple."""
        needed = self.permission_required
        return (needed,) if isinstance(needed, str) else tuple(needed)

    def check_permissions(self, request: HttpRequest) -> None:
        """Raises PermissionDenied, with a sentence for the 403 page, unless the person holds all permissions."""
        missing = [name for name in self.get_permission_required() if not request.user.has_perm(name)]
        if missing:
            raise PermissionDenied(f"You would need the permission {named(missing)}.")

    def sign_in_first(self, request: HttpRequest) -> HttpResponse:
        """The way to the sign-in page; a fragment of a page asks the whole page to go there."""
        if not request.headers.get("HX-Request"):
            return redirect_to_login(request.get_full_path())
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        back = f"{page.path}?{page.query}" if page.query else page.path
        response = HttpResponse(status=401)
        response["HX-Redirect"] = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back or '/'})}"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.setdefault("title", self.get_title())
        return super().get_context_data(**kwargs)  # type: ignore[misc]

    def get_title(self) -> str:
        """The page's heading."""
        return self.title


def named(permissions: list[str]) -> str:
    """“Can redeem vouchers” and “…”: the permissions by the words that Django admin shows."""
    words = []
    for permission in permissions:
        app, _, codename = permission.partition(".")
        name = Permission.objects.filter(content_type__app_label=app, codename=codename).values_list("name", flat=True)
        words.append(f"“{name.first() or permission}”")
    return " and ".join(words)


class DrawerMixin:
    """For a page that js/drawer.js can open beside a list: then `drawer_template_name` alone, without the frame."""

    drawer_template_name = ""
    request: HttpRequest

    @property
    def in_drawer(self) -> bool:
        """Whether the drawer asks."""
        return self.request.headers.get("HX-Target") == "drawer-body"

    def get_template_names(self) -> list[str]:
        return [self.drawer_template_name] if self.in_drawer else super().get_template_names()  # type: ignore[misc]

    def render_to_response(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().render_to_response(*args, **kwargs)  # type: ignore[misc]
        patch_vary_headers(response, ("HX-Request", "HX-Target"))
        return response


class FilteredListView(ChooserMixin, FragmentsMixin, StaffMixin, TemplateView):
    """A list: filter, table, keyset pages. Subclasses set attributes and need no methods.

    An htmx request gets `fragment_template_name` alone. With the target `#list` that is the list with its chips, with
    any other target (a list shown inside another page) the rows and the links to their neighbours.

    With a `list_name` people can choose its columns, which are remembered under that name. A list that `is_live` says
    on its newest page how many rows came since; `noun` is what a row is called there.
    """

    template_name = "pages/list.html"
    fragment_template_name = "pages/_table.html"
    queryset: QuerySet | None = None
    filterset_class: type[FilterSet]
    table_class: type[BaseTable]
    list_name = ""
    is_live = False
    export_kind: str | None = None
    # Where the histogram and the facets of this list are fetched, once the list is there.
    explorer_url_name: str | None = None
    empty_text = "Nothing here yet."
    page_size = 50
    # Inside another page a list is a glance; its pages and its own page show the rest.
    embedded_page_size = 10
    keyset: tuple[str, ...] = ("created_at", "id")

    def get_queryset(self) -> QuerySet:
        """All rows that this list can show."""
        if self.queryset is None:
            raise ImproperlyConfigured(f"{type(self).__name__} needs a queryset.")
        return self.queryset.all()

    def get_filterset(self) -> FilterSet:
        """The filter set over the query string."""
        return self.filterset_class(self.question(), self.get_queryset(), request=self.request)

    def get_table_kwargs(self) -> dict[str, Any]:
        """More arguments for the table, such as the columns to leave out."""
        return {}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The list, or the part of it that `view` names."""
        part = request.GET.get("view")
        if part == "columns" and self.list_name:
            return self.show_chooser()
        if part == "news" and self.is_live:
            return self.show_news()
        if part == "without":
            return self.show_without()
        return super().get(request, *args, **kwargs)

    def is_fragment(self) -> bool:
        """Whether htmx asks for the list alone."""
        asked = self.request.headers
        return (
            asked.get("HX-Request") == "true"
            and asked.get("HX-Boosted") != "true"
            and asked.get("HX-History-Restore-Request") != "true"
        )

    def get_template_names(self) -> list[str]:
        return [self.fragment_template_name if self.is_fragment() else self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        target = self.request.headers.get("HX-Target") if self.is_fragment() else None
        embedded = bool(target) and target != "list"
        filterset = self.get_filterset()
        errors = [] if filterset.is_valid() else filterset.errors_named()
        user = self.request.user
        choice = columns.Choice() if embedded or not self.list_name else columns.choice_of(user, self.list_name)
        names = columns.allowed(choice.columns or (), self.table_class, user) or columns.allowed(
            self.table_class.standard(), self.table_class, user
        )
        page = KeysetPage([])
        if not errors:
            try:
                page = keyset.paginate(
                    columns.fetched_for(filterset.qs, self.table_class, names),
                    keyset=self.keyset,
                    after=self.request.GET.get("after"),
                    before=self.request.GET.get("before"),
                    size=self.embedded_page_size if embedded else choice.size or self.page_size,
                )
            except keyset.BadCursorError:
                errors = [("Page", "This address names no place in this list; start again from the newest.")]
        table = self.table_class(page.rows, columns=names, **self.get_table_kwargs())
        table.request = self.request
        chips = filterset.chips()
        is_first = not page.newer and not self.request.GET.get("after")
        return super().get_context_data(
            filter=filterset,
            table=table,
            page=page,
            errors=errors,
            chips=chips,
            ways_back=self.ways_back(filterset) if chips and not page.rows and not embedded else [],
            empty_text=self.empty_text,
            list_target=target or "list",
            embedded=embedded,
            is_compact=choice.density == columns.COMPACT,
            chooser_url=self.part_url(view="columns") if self.list_name else "",
            news_url=self.get_news_url(filterset, page) if is_first and not errors and not embedded else "",
            are_filters_folded=self.request.COOKIES.get("filters") == "folded",
            export_url=self.get_export_url(),
            explorer_url=self.get_explorer_url(),
            **kwargs,
        )

    def get_explorer_url(self) -> str | None:
        """Where this list's question is answered as a histogram and facets; None for a list that has none."""
        if not self.explorer_url_name:
            return None
        query = self.request.GET.copy()
        for name in ("after", "before"):
            query.pop(name, None)
        return f"{reverse(self.explorer_url_name)}?{query.urlencode()}" if query else reverse(self.explorer_url_name)

    def part_url(self, **part: str) -> str:
        """The address of a part of this page (`view`), with the question and the place in the list."""
        asked = self.question()
        for name, value in part.items():
            asked[name] = value
        return f"{self.request.path}?{asked.urlencode()}"

    def get_news_url(self, filterset: FilterSet, page: KeysetPage) -> str:
        """Where a live list, on its newest page, asks how many rows came since; empty for one that is not live."""
        if not self.is_live:
            return ""
        # Of an empty list everything from now on is new.
        return self.part_url(view="news", around=page.first or keyset.encode([filterset.now, 0]))

    def get_export_url(self) -> str | None:
        """Where this list, as it is filtered, is exported; None for who may not."""
        address = context.link("exports:create") if self.export_kind else None
        if not address or not self.request.user.has_perm("exports.add_export"):
            return None
        query = self.question()
        for name in ("after", "before"):
            query.pop(name, None)
        return f"{address}?{urlencode({'kind': self.export_kind, 'query': query.urlencode()})}"

    def render_to_response(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().render_to_response(*args, **kwargs)
        patch_vary_headers(response, ("HX-Request", "HX-Target"))
        return response
