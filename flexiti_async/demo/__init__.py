"""
A shop to click through: a cart, Flexiti's widget in a frame, plans, an authorization, an order.

It is an example, and is what `flexiti-async demo --shop` runs; `README.md` beside this package says
how, and what to look at. `create` makes the application.
"""

from flexiti_async.demo.app import create

__all__ = ["create"]
