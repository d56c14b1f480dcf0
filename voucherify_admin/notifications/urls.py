"""The notification center, the badge of the bell, and the way a notice leads."""

from django.urls import path

from voucherify_admin.notifications import views

app_name = "notifications"

urlpatterns = [
    path("", views.NotificationListView.as_view(), name="list"),
    path("badge/", views.NotificationBadgeView.as_view(), name="badge"),
    path("read/", views.NotificationReadView.as_view(), name="read_all"),
    path("<str:public_id>/", views.NotificationOpenView.as_view(), name="open"),
    path("<str:public_id>/read/", views.NotificationReadView.as_view(), name="read"),
]
