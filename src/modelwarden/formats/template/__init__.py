"""Jinja templates (chat templates above all), judged by their syntax tree and never rendered."""
