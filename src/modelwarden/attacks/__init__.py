"""Attacks on a target, as somebody without the right to change it could make them.

    run(attack, target, problem, seed=0, queries=500)  ─▶  Outcome

`engine`: advances many inputs at once and asks; its first page is the contract of all attacks.
`judge`: decides what is a win, outside of every attack. `balls`: arrays within a norm, a box and a
grid. `streams`: chance that does not depend on the batch. `catalog`: the attacks by name.
"""
