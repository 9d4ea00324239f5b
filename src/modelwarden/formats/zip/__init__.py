"""Zip archives, read both ways: what lenient loaders see, and what the records say."""

from modelwarden.formats.zip.archive import Archive, open_archive
from modelwarden.formats.zip.members import Member

__all__ = ["Archive", "Member", "open_archive"]
