"""Model formats that are known by their content but not examined yet: named, with a gap.

A format is promoted by giving it a module of its own with a reader, and changing its line in the
catalogue; its sniffer here stays of use to that reader.
"""
