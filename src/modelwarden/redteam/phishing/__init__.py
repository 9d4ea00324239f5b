"""Pages that look like phishing, made by us, and example detectors to practise on.

`pages`: generators. `features`: numbers of a page and its address, without the network.
`detectors`: models trained on them; plain numpy.
"""
