"""Edits of web pages that keep what a person sees and what the page does."""
