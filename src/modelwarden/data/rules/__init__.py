"""The rules of the stage `data`, one a module."""
