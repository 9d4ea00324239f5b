"""Training data as they were approved: a manifest of digests, and what was changed since.

`digests` looks at one file, `manifest` is the form of the file that is written, signed or not,
`compare` names what differs.
"""
