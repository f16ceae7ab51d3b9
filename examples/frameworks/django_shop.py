"""
Django: `FLEXITI_STORE=file:///srv/shop gunicorn -k asgi --workers 2 django_shop:application`.

The store is shared by all workers, and `FLEXITI_TOKEN_KEYS` encrypts it. The other `FLEXITI_*`
variables and `SHOP_*` are set as well.

Settings, views and ASGI application are in one file, to be read together. The reference id stays
in the customer's signed session: no URL, form or body carries it.
"""

import json
import os

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path

import shop_rules
from flexiti_async import CheckoutNotFound, OnlineCheckout, PurchaseWidget
from flexiti_async.integrations.django import FlexitiApplication, flexiti_of

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "flexiti_async.integrations.django.ProblemsMiddleware",
    ],
    SECRET_KEY=os.environ["SHOP_SECRET_KEY"],
    # The session's cookies are HttpOnly and SameSite=Lax.
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    SESSION_COOKIE_SECURE=shop_rules.HTTPS,
)


async def resume(request: HttpRequest) -> OnlineCheckout:
    """Resume the checkout of the customer's session, whichever process started it."""
    reference_id = await request.session.aget("reference_id")
    if reference_id is None:
        raise CheckoutNotFound("the customer's session has no checkout")
    return await flexiti_of(request).resume(reference_id)


async def page(_: HttpRequest) -> HttpResponse:
    """Return the page with the frame, which calls the following."""
    return HttpResponse(shop_rules.PAGE)


async def start(request: HttpRequest) -> JsonResponse:
    """Start a checkout of an order, unless it is paid; the page shows the URL in the frame."""
    asked = json.loads(request.body)
    checkout = await flexiti_of(request).checkout(asked["order"])
    widget = await checkout.init_widget(PurchaseWidget(account_number=asked["account_number"]))
    await request.session.aset("reference_id", checkout.reference_id)
    return JsonResponse({"redirection_url": widget.redirection_url})


async def event(request: HttpRequest) -> JsonResponse:
    """Handle the event that the widget posted to the page, and return the next step."""
    checkout = await resume(request)
    return JsonResponse({"next": await shop_rules.react(checkout, request.body)})


async def plans(request: HttpRequest) -> JsonResponse:
    """Return the plans that the customer can choose from."""
    return JsonResponse(await shop_rules.plans_of(await resume(request)), safe=False)


async def authorize(request: HttpRequest) -> JsonResponse:
    """Authorize the purchase with the plan that the customer chose."""
    plan, checkout = json.loads(request.body), await resume(request)
    authorization_id = await shop_rules.authorize(checkout, plan["plan_id"], plan["term"])
    return JsonResponse({"authorization_id": authorization_id})


async def capture(request: HttpRequest) -> HttpResponse:
    """Capture an order that ships; customers have no business here."""
    if not shop_rules.is_staff(request.headers.get("Authorization")):
        return HttpResponse(status=401, headers=shop_rules.CHALLENGE)
    capture_id = await shop_rules.capture(flexiti_of(request), json.loads(request.body)["order"])
    if capture_id is None:
        raise Http404
    return JsonResponse({"capture_id": capture_id})


urlpatterns = [
    path("", page),
    path("checkout", start),
    path("checkout/event", event),
    path("checkout/plans", plans),
    path("checkout/authorization", authorize),
    path("staff/capture", capture),
]
application = FlexitiApplication(get_asgi_application())
