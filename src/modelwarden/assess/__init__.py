"""Measuring a model on the user's own data: performance, claims, cost; one module a stage.

A stage is a value with a name and `run(context)`; `catalog` lists those that are built, in the
order in which they run. `context` says what a stage is given. Importing this package needs no
numpy; its modules do.
"""
