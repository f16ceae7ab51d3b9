"""`flexiti-async verify`: find out which assumptions of this library the API confirms."""
