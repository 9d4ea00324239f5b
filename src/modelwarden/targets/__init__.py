"""The model under test behind an access level, and the data sets that it is tested on.

    with open_model(project, model, limits, root, sample=test) as opened:    in a sandbox
        opened.target.labels(test.inputs)                          or .scores, .gradients, .values

Importing this package needs no numpy, its modules do; `modelwarden.metrics.require` says so in a
clear error. `reading`: files → data sets; `opened`: models → targets; `tiled`: targets over
anything that answers; `http`: served models; `access`, `spec`, `frames`, `config`: the words.
"""
