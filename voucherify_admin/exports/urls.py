"""Pages of exports: ask for one, watch it, download it, see what there was."""

from django.urls import path

from voucherify_admin.exports import views

app_name = "exports"

urlpatterns = [
    path("", views.ExportListView.as_view(), name="list"),
    path("new/", views.ExportCreateView.as_view(), name="create"),
    path("<str:public_id>/", views.ExportDetailView.as_view(), name="detail"),
    path("<str:public_id>/progress/", views.ExportProgressView.as_view(), name="progress"),
    path("<str:public_id>/cancel/", views.ExportCancelView.as_view(), name="cancel"),
    path("<str:public_id>/download/", views.ExportDownloadView.as_view(), name="download"),
]
