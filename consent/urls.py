from django.urls import path

from consent import receipt_views, views

app_name = "consent"
urlpatterns = [
    path("cookies/", views.preferences, name="preferences"),
    path("consent/", views.choose, name="choose"),
    path("consent/receipt/", receipt_views.receipt, name="receipt"),
]
