"""`flexiti-async doctor`: what stands between this machine and a checkout."""
