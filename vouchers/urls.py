"""Routes of vouchers. A code may hold anything, slashes too, so its route stands last and verbs go by the id."""

from django.urls import path, re_path

from vouchers import views

app_name = "vouchers"

VOUCHER_ID = r"(?P<public_id>v_[0-9a-f]{18})"

urlpatterns = [
    path("", views.VoucherListView.as_view(), name="list"),
    re_path(rf"^{VOUCHER_ID}/enable/$", views.VoucherEnableView.as_view(), name="enable"),
    re_path(rf"^{VOUCHER_ID}/disable/$", views.VoucherDisableView.as_view(), name="disable"),
    path("<path:code>/", views.VoucherDetailView.as_view(), name="detail"),
]

# Under a prefix of their own, for any word below vouchers/ may be a code.
imports = (
    [
        path("", views.ImportListView.as_view(), name="list"),
        path("new/", views.ImportCreateView.as_view(), name="create"),
        path("<str:public_id>/", views.ImportDetailView.as_view(), name="detail"),
        path("<str:public_id>/progress/", views.ImportProgressView.as_view(), name="progress"),
        path("<str:public_id>/results/", views.ImportResultsView.as_view(), name="results"),
    ],
    "imports",
)
