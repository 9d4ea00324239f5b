"""Rules that several rooms apply."""
