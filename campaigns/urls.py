"""Routes of campaigns and customers."""

from django.urls import path

from campaigns import views

app_name = "campaigns"

urlpatterns = [
    path("campaigns/", views.CampaignListView.as_view(), name="list"),
    path("campaigns/<str:public_id>/", views.CampaignDetailView.as_view(), name="detail"),
    path("campaigns/<str:public_id>/delete/", views.CampaignDeleteView.as_view(), name="delete"),
    path("customers/", views.CustomerListView.as_view(), name="customer_list"),
    path("customers/<str:public_id>/", views.CustomerDetailView.as_view(), name="customer_detail"),
]
