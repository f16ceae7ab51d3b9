"""The state of the sandbox: tokens, customers, accounts, money, requests."""
