"""Access tokens: freshness, claims, refresh, and the degraded mode."""
