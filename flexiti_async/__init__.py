"""
Take payments through Flexiti's POS API v2.5 from an async web shop.

```python
async with FlexitiSession(FlexitiConfig.load()) as flexiti:
    checkout = await flexiti.checkout("order-9")
    widget = await checkout.init_widget(PurchaseWidget(account_number=20009100))
    ...  # redirect the customer to widget.redirection_url
```

The names at the root are listed in `_public.py` and imported when the first of them is used, so
that `import flexiti_async` costs next to nothing. All errors are in `flexiti_async.errors`, all
models of the API in `flexiti_async.api`.
"""

from typing import TYPE_CHECKING

from flexiti_async._version import __version__ as __version__
from flexiti_async.protocol.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from flexiti_async._public import *  # noqa: F403 - the one list of public names
else:  # for type checkers, it would make every misspelt name a valid one
    __getattr__, __dir__ = lazy_exports(__name__)
