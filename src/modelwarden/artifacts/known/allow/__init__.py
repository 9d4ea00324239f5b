"""The allow-lists, one module for each producer; every entry says why it is harmless."""
