"""What is disguised: how seeds are read, what may be changed of them, how that is shown.

One module a kind; `kind` has what they share, `catalog` names them.
"""
