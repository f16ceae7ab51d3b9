"""
The names at the root: `from flexiti_async import FlexitiSession`.

The README and a first shop need no others. All errors are in `flexiti_async.errors`, all models in
`flexiti_async.api`.
"""

from flexiti_async.api.common import Language as Language
from flexiti_async.api.common import Province as Province
from flexiti_async.api.widget import ApplyWidget as ApplyWidget
from flexiti_async.api.widget import PurchaseWidget as PurchaseWidget
from flexiti_async.api.widget import Widget as Widget
from flexiti_async.api.widget_reactions import Reaction as Reaction
from flexiti_async.checkout.in_store import InStoreCheckout as InStoreCheckout
from flexiti_async.checkout.online import OnlineCheckout as OnlineCheckout
from flexiti_async.checkout.state import Sharing as Sharing
from flexiti_async.checkout.state import Step as Step
from flexiti_async.config.model import FlexitiConfig as FlexitiConfig
from flexiti_async.config.options import ClientAuth as ClientAuth
from flexiti_async.config.options import Environment as Environment
from flexiti_async.config.options import LogLevel as LogLevel
from flexiti_async.config.options import MerchantsLogin as MerchantsLogin
from flexiti_async.config.options import OnStoreFailure as OnStoreFailure
from flexiti_async.config.options import RefreshRevokesAccess as RefreshRevokesAccess
from flexiti_async.errors import ApiError as ApiError
from flexiti_async.errors import CheckoutError as CheckoutError
from flexiti_async.errors import CheckoutNotFound as CheckoutNotFound
from flexiti_async.errors import ConfigError as ConfigError
from flexiti_async.errors import FieldError as FieldError
from flexiti_async.errors import FlexitiError as FlexitiError
from flexiti_async.errors import IdempotencyKeyReused as IdempotencyKeyReused
from flexiti_async.errors import OperationError as OperationError
from flexiti_async.errors import OutcomeUnknown as OutcomeUnknown
from flexiti_async.errors import StoreError as StoreError
from flexiti_async.errors import StoreUnavailable as StoreUnavailable
from flexiti_async.errors import TokenError as TokenError
from flexiti_async.errors import TransportError as TransportError
from flexiti_async.errors import ValidationError as ValidationError
from flexiti_async.protocol.secret import Secret as Secret
from flexiti_async.protocol.token import Scope as Scope
from flexiti_async.protocol.token import Token as Token
from flexiti_async.session import FlexitiSession as FlexitiSession
from flexiti_async.store.interface import Entry as Entry
from flexiti_async.store.interface import TokenStore as TokenStore
from flexiti_async.store.loading import open_store as open_store
