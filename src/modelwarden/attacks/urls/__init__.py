"""Addresses: their parts, and edits that an attacker who owns a domain can make."""
