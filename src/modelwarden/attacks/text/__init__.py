"""Edits of texts that a person would read the same way, or hardly notice.

`operators`: single edits. `space`: how many edits a text may take. `guide`: which words tell the
classes, learnt from training texts. `search`: the attacks.
"""
