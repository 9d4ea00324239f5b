"""What happens to a model after it was deployed: has the world, or the model itself, changed?

`drift` holds one file against another; `watch` follows a running model. Neither needs the other
rooms that users name, and nothing here imports torch, click or pandas.
"""
