"""Pages of webhooks: targets, and their deliveries."""

from django.urls import path

from voucherify_admin.webhooks import views

app_name = "webhooks"

urlpatterns = [
    path("", views.TargetListView.as_view(), name="list"),
    path("new/", views.TargetCreateView.as_view(), name="create"),
    path("deliveries/", views.DeliveryListView.as_view(), name="deliveries"),
    path("deliveries/<str:public_id>/", views.DeliveryDetailView.as_view(), name="delivery"),
    path("deliveries/<str:public_id>/resend/", views.DeliveryResendView.as_view(), name="resend"),
    path("<str:public_id>/", views.TargetDetailView.as_view(), name="detail"),
    path("<str:public_id>/edit/", views.TargetUpdateView.as_view(), name="edit"),
    path("<str:public_id>/secret/", views.TargetSecretView.as_view(), name="secret"),
    path("<str:public_id>/delete/", views.TargetDeleteView.as_view(), name="delete"),
]
