from django.urls import path

from consent import views

app_name = "consent"
urlpatterns = [
    path("cookies/", views.preferences, name="preferences"),
    path("consent/", views.choose, name="choose"),
    path("consent/receipt/", views.receipt, name="receipt"),
]
