"""What the sandbox remembers: tokens, people, accounts, money."""
