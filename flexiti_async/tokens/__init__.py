"""Access tokens: freshness, claims, refresh, and degraded mode."""
