"""
Token stores of flexiti-async: one module each, found by the scheme of their URL.

They implement `flexiti_async.store.interface.TokenStore` and know nothing else of the library.
"""
