"""
A loopback Flexiti: POS API v2.5 on this machine, strict, scriptable, without an account.

```python
import aiohttp
from flexiti_async.sandbox import Sandbox

async with Sandbox(expires_in=1200) as sandbox, aiohttp.ClientSession() as http:
    form = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret}
    headers = {"x-reference-id": "0123456789abcdef0123456789abcdef"}
    async with http.post(
        f"{sandbox.base_url}/v2.5/oauth/token", data=form, headers=headers
    ) as answer:
        token = await answer.json()
    assert sandbox.count("oauth/token", grant="client_credentials") == sandbox.tokens_issued == 1
```

It serves every endpoint of the specification (`endpoints.py`), with a bank behind them, and the
widget's page in front. It shares no code with the client: it is a second opinion on the wire. What
the specification forbids it refuses, with the status codes and error bodies of the API; where the
specification knows no answer it takes the stricter reading, and says so in the setting that changes
it; where it knows no body, the docstring of the handler says which one is the sandbox's own.

A customer who pays, without a browser (a browser finds the same customer at `redirection_url`):

```python
event = sandbox.play(redirection_url)  # or "decline", "cancel", … : `scenarios.Choice`
```

What a test can do with it:

| wish | how |
|---|---|
| find it | `base_url`, `client_id`, `client_secret`, `merchant_username`, `merchant_password` |
| see what came | `requests`, `count("oauth/token", grant=…, scope=…, status=…)`, `on_request` |
| see what was issued | `tokens`, `tokens_issued`, `replays`, `init_payload(access_token)` |
| let time pass | `advance(seconds)`, `expire_now()`, `expires_in`, or a `clock` of your own |
| take tokens away | `revoke(access_token)`, `revoke_all()` |
| make it slow | `latency = {"oauth/token": 0.05}` |
| make it fail | `fail("oauth/token", status=503, headers={"Retry-After": "2"})`, `heal()` |
| lose, cut, spoil, drip, reset answers | `inject(faults.Drop(), endpoint="widget/init", times=2)` |
| cut off one worker | `inject(faults.Reset(), times=None, only=Only(headers={"x-worker": "2"}))` |
| a clock that is wrong | `clock_offset = 90` |
| steer it from another process | `control_url`, `control_token`; on the command line `--fault` |
| be the customer | `play(redirection_url, "approve")` gives the event that a browser would post |
| read the customer's phone | `messages[-1].code` |
| have customers | `accounts` (those of the start: `people.py`), `add_account(Account(…))` |
| see the money | `account(10000001).available_credit`, `authorizations`, `captures`, `payments` |
| put a purchase on hold | `set_status(authorization_id, "onhold")` |
| have an outage | `aclose()`, then `start()` again on the same port |
| change a rule | the other attributes of `Settings` |
"""

from flexiti_async.sandbox.faults.rules import Only
from flexiti_async.sandbox.server import Sandbox
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.accounts import Account
from flexiti_async.sandbox.state.bank import Authorization, Capture, Payment
from flexiti_async.sandbox.state.codes import Message
from flexiti_async.sandbox.state.plans import Plan
from flexiti_async.sandbox.state.request_log import RequestRecord
from flexiti_async.sandbox.state.tokens import TokenView, token_id

__all__ = [
    "Account",
    "Authorization",
    "Capture",
    "Message",
    "Only",
    "Payment",
    "Plan",
    "RequestRecord",
    "Sandbox",
    "Settings",
    "TokenView",
    "token_id",
]
