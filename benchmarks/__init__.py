"""How fast, how small and how scalable flexiti-async is, beside its peers; see README.md."""
