"""
The demo shop: a cart, Flexiti's widget in a frame, plans, an authorization, an order.

It is an example that shops can copy from, and `flexiti-async demo --shop` runs it. The page
"Run the demo shop" of the documentation says how to run it, and what to look at. It uses only the
public names of the library and the integration of its framework. `create` builds the application.
"""

from flexiti_async.demo.app import create

__all__ = ["create"]
