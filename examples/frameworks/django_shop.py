"""
Django: `gunicorn -k asgi --workers 2 django_shop:application`, with `FLEXITI_*` in the environment.

Settings, views and ASGI application are in one file, to be read together. A real shop keeps the
reference id in its own signed session, not in the URL: see `flexiti_async/demo`.
"""

import json
from decimal import Decimal

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

from flexiti_async import PurchaseWidget
from flexiti_async.api import PurchaseType
from flexiti_async.integrations.django import FlexitiApplication, flexiti_of

TOTAL = Decimal("300.00")

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    MIDDLEWARE=["flexiti_async.integrations.django.ProblemsMiddleware"],
)


async def start(request: HttpRequest) -> JsonResponse:
    """Start a checkout of an order, unless it is paid; the page redirects to the URL."""
    asked = json.loads(request.body)
    checkout = await flexiti_of(request).checkout(asked["order"])
    widget = await checkout.init_widget(PurchaseWidget(account_number=asked["account_number"]))
    answer = {"reference_id": checkout.reference_id, "redirection_url": widget.redirection_url}
    return JsonResponse(answer)


async def event(request: HttpRequest, reference_id: str) -> JsonResponse:
    """Handle the event that the widget posted to the page, and return the next step."""
    checkout = await flexiti_of(request).resume(reference_id)
    return JsonResponse({"next": await checkout.handle_event(request.body)})


async def authorize(request: HttpRequest, reference_id: str) -> JsonResponse:
    """Authorize the purchase with the plan that the customer chose."""
    plan = json.loads(request.body)
    checkout = await flexiti_of(request).resume(reference_id)
    authorization = await checkout.authorize(
        TOTAL, transaction_type=PurchaseType.PROMOTIONAL, plan_id=plan["plan_id"], term=plan["term"]
    )
    return JsonResponse({"authorization_id": authorization.authorization_id})


urlpatterns = [
    path("checkouts", start),
    path("checkouts/<str:reference_id>/event", event),
    path("checkouts/<str:reference_id>/authorization", authorize),
]
application = FlexitiApplication(get_asgi_application())
