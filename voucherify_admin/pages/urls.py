"""Pages that belong to no list: the search."""

from django.urls import path

from voucherify_admin.pages.search import SearchView

app_name = "pages"

urlpatterns = [path("", SearchView.as_view(), name="search")]
