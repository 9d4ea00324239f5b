"""Whether training and test data can be trusted: the stage `data`, and frozen manifests.

`stage` runs the parts one after another; each part is a module with one function from what it is
given (`given`) to findings. Importing this package needs no numpy; its modules do.
"""
