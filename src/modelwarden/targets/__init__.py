"""The model under test behind an access level, and the data sets that it is tested on.

    with open_model(model, limits, …) as opened:      scanned, judged, then loaded in a sandbox
        opened.target.labels(data.inputs)             or .scores, .gradients, .values

Importing this package needs numpy; `modelwarden.metrics.require` says so in a clear error first.
"""
