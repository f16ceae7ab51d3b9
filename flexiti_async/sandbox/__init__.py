"""
A loopback Flexiti: POS API v2.5 on this machine, strict, scriptable, without an account.

```python
import json
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from flexiti_async.sandbox import Sandbox

with Sandbox(expires_in=1200) as sandbox:
    form = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
    headers = {"x-reference-id": "0123456789abcdef0123456789abcdef"}
    url = f"{sandbox.base_url}/v2.5/oauth/token"
    with urlopen(Request(url, urlencode(form).encode(), headers)) as answer:
        token = json.load(answer)
    assert sandbox.count("oauth/token", grant="client_credentials") == sandbox.tokens_issued == 1
```

It serves every endpoint of the specification (`wire/endpoints.py`), with a ledger behind them, and
the widget's page. It shares no code with the client: it is an independent second reading of the
specification. It refuses everything that the specification forbids, with the status codes and error
bodies of the API. Where the specification is silent, the sandbox is strict, or invents an answer:
`assumptions` lists each of these choices, and the setting that changes it.

`sandbox.play(redirection_url)` is a customer who pays, without a browser: it returns the event that
the browser would post. Another choice is its second argument: "decline", "cancel" and the others
of `scenarios.Choice`. A browser plays the same widget at `redirection_url`.

In a test:

| task | how |
|---|---|
| connect | `base_url`, `client_id`, `client_secret`, `account_name` |
| log in | `merchant_username`, `merchant_password` |
| inspect requests | `requests`, `count("oauth/token", grant=…, scope=…, status=…)`, `on_request` |
| inspect tokens | `tokens`, `tokens_issued`, `replays`, `init_payload(access_token)` |
| let time pass | `advance(seconds)`, `expire_now()`, `expires_in`, or a `clock` of your own |
| revoke tokens | `revoke(access_token)`, `revoke_all()` |
| slow it down | `latency = {"oauth/token": 0.05}` |
| let requests fail | `fail("oauth/token", status=503, headers={"Retry-After": "2"})`, `heal()` |
| lose, cut off or damage answers | `inject(faults.Drop(), endpoint="widget/init", times=2)` |
| cut off one worker | `inject(faults.Reset(), times=None, only=Only(headers={"x-worker": "2"}))` |
| set its clock wrong | `clock_offset = 90` |
| control it from another process | `control_url`, `control_token`; on the command line `--fault` |
| play the customer | `play(redirection_url, "approve")` returns the event for the shop |
| read the customer's messages | `messages[-1].code` |
| inspect or add customers | `accounts` (initially `state/seed.py`), `add_account(Account(…))` |
| inspect money | `account(10000001).available_credit`, `authorizations`, `captures`, `payments` |
| put a purchase on hold | `set_status(authorization_id, "onhold")` |
| detect a payment that is made twice | `one_authorization_per_session = True` |
| answer as another token service | `Sandbox(oauth="oauth2-server")`, or an `OAuthRules` |
| serve sync code, or any event loops | `with Sandbox() as sandbox`, from a thread of its own |
| simulate an outage | `aclose()`, then `start()` again on the same port |
| see what is not Flexiti's rule | `assumptions` |
| change a rule | the other attributes of `Settings` |

Endpoint names are those of the client's errors, events and `api_versions`.
"""

from flexiti_async.sandbox.endpoints.oauth_rules import OAuthRules
from flexiti_async.sandbox.faults.rules import Only
from flexiti_async.sandbox.server import Sandbox
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.accounts import Account
from flexiti_async.sandbox.state.bank import Authorization, Capture, Payment
from flexiti_async.sandbox.state.codes import Message
from flexiti_async.sandbox.state.plans import Plan
from flexiti_async.sandbox.state.request_log import RequestRecord
from flexiti_async.sandbox.state.tokens import TokenView, token_id
from flexiti_async.sandbox.wire.assumptions import Assumption

__all__ = [
    "Account",
    "Assumption",
    "Authorization",
    "Capture",
    "Message",
    "OAuthRules",
    "Only",
    "Payment",
    "Plan",
    "RequestRecord",
    "Sandbox",
    "Settings",
    "TokenView",
    "token_id",
]
