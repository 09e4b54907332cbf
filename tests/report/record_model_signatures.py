# SPDX-License-Identifier: Apache-2.0
"""How the fixtures of model signatures were made, with model-signing's own code.

Run with model-signing 1.1.1 and pyopenssl (it imports the latter without saying so)
in an environment of their own: ``python record_model_signatures.py``. The private key
is thrown away, so signatures differ from run to run.
"""

import shutil
from pathlib import Path

import model_signing
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

HERE = Path(__file__).parent / "fixtures" / "oms"
FILES = {
    "model.safetensors": b"not weights, 64 bytes of them: "
    b"0123456789abcdef0123456789abcdef!",
    "config.json": b'{"model_type": "test"}\n',
    "sub/note.txt": b"inner\n",
}


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    key = ec.generate_private_key(ec.SECP256R1())
    private = HERE / "private.pem"
    for name, config in (
        ("files", model_signing.hashing.Config()),
        (
            "shards",
            model_signing.hashing.Config().use_shard_serialization(shard_size=40),
        ),
    ):
        folder = HERE / name
        for path, data in FILES.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        ignored = config.set_ignored_paths(
            paths=[folder / "model.sig"], ignore_git_paths=True
        )
        signer = model_signing.signing.Config().use_elliptic_key_signer(
            private_key=private
        )
        signer.set_hashing_config(ignored).sign(folder, folder / "model.sig")
    private.unlink()
    (HERE / "key.pem").write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
    )


if __name__ == "__main__":
    main()
