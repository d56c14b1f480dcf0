"""Routes of the call log."""

from django.urls import path

from voucherify_admin.api import views

app_name = "api"

urlpatterns = [
    path("", views.CallListView.as_view(), name="call_list"),
    path("explorer/", views.CallExplorerView.as_view(), name="call_explorer"),
    path("<str:request_id>/", views.CallDetailView.as_view(), name="call_detail"),
]
