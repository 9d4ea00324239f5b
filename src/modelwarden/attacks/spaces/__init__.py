"""What an attacker may change of a table: kinds of columns, bounds, directions, relations.

`relations`: the small language of `[features] relations`. `columns`: a table as numbers, and back.
`rules`: what `[features]` and the training data allow, checked. `table`: the space that attacks
search. `guide`: what the training data tell an attacker about where to look.
"""
