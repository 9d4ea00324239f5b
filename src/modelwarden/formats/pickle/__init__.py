"""Pickle: a symbolic machine that follows CPython's unpickler and does nothing of what it says.

    Source ─ tape ─▶ opcodes ─ machine ─▶ uses, persistent ids, nested pickles ─▶ PickleStream

`tape` reads bytes as the real machines do (also where frames lie), `machine` runs the opcodes on
values that only describe what would be made, `uses` keeps what would be imported and called.
"""
