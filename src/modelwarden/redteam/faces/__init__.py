"""Matchers of faces: is A the same person as B?, and what can be changed of A's picture.

`pairs` reads pictures two by two, `changes` says what may be changed of the first of each pair,
`looks` draws light and pose, `matching` makes a matcher of an embedder, `kind` is the kind of seeds
for campaigns.
"""
