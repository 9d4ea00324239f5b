"""Samples written from published descriptions of attacks, without a look at the rules."""
