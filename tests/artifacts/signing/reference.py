"""The `model-signing` package, run by an interpreter that has it; ours never imports it.

    PYTHON reference.py sign MODEL KEY OUT [METHOD [HASH [CERTIFICATE CHAIN]]]
    PYTHON reference.py verify MODEL SIGNATURE (key PUBLIC | certificate ROOTS)

METHOD is `files` or a number of bytes for shards. The files in `golden/` were made by this with
model-signing 1.1.1 and keys that were thrown away; `golden/README.md` tells how.
"""

from __future__ import annotations

import sys
from pathlib import Path


def sign(model, key, out, method="files", algorithm="sha256", *certificates):
    from model_signing import hashing, signing

    config = signing.Config()
    if certificates:
        leaf, *chain = certificates
        config.use_certificate_signer(
            private_key=key, signing_certificate=leaf, certificate_chain=chain
        )
    else:
        config.use_elliptic_key_signer(private_key=key)
    how = hashing.Config()
    if method == "files":
        how.use_file_serialization(hashing_algorithm=algorithm)
    else:
        how.use_shard_serialization(hashing_algorithm=algorithm, shard_size=int(method))
    how.set_ignored_paths(paths=[Path(out).name])
    config.set_hashing_config(how).sign(model, out)


def verify(model, signature, kind, trusted):
    from model_signing import verifying

    config = verifying.Config()
    if kind == "key":
        config.use_elliptic_key_verifier(public_key=trusted)
    else:
        config.use_certificate_verifier(certificate_chain=[trusted])
    config.verify(model, signature)


if __name__ == "__main__":
    {"sign": sign, "verify": verify}[sys.argv[1]](*sys.argv[2:])
