"""A site of Django without `asgi.py`: for `runserver`, and for a server of WSGI."""

import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

from flexiti_async.integrations import django

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    MIDDLEWARE=["flexiti_async.integrations.django.ProblemsMiddleware"],
    SECRET_KEY="canary-of-django",
    DEBUG=True,
)


async def start(request: HttpRequest) -> JsonResponse:
    """Start a checkout."""
    checkout = await django.flexiti_of(request).checkout("order-1")
    return JsonResponse({"reference_id": checkout.reference_id})


urlpatterns = [path("start", start)]
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
