# SPDX-License-Identifier: Apache-2.0
"""Models in an S3-compatible store, against a real server."""

from __future__ import annotations

import pytest

from parentage.errors import AccessError, ChangedError, NotThereError, UnreachableError

pytestmark = pytest.mark.services


@pytest.fixture
def bucket(folders, monkeypatch):
    boto3 = pytest.importorskip("boto3")
    pytest.importorskip("obstore")
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    for key, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PARENTAGE_HTTP_BACKOFF": "0.01",
        "PARENTAGE_HTTP_ATTEMPTS": "2",
    }.items():
        monkeypatch.setenv(key, value)
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="models")
    for name in ("child", "parent"):
        for path in sorted((folders / name).iterdir()):
            client.upload_file(str(path), "models", f"zoo/{name}/{path.name}")
    yield client
    server.stop()


def test_an_audit_says_the_same(bucket, folders):
    from parentage.run.audit import audit

    from .test_same import plain

    there = audit("s3://models/zoo/child", ["s3://models/zoo/parent/"])
    here = audit(folders / "child", [folders / "parent"])
    assert plain(there) == plain(here)
    assert there.candidate.path == "s3://models/zoo/child"


def test_one_object(bucket, folders):
    from parentage.artifact import open_checkpoint

    name = "model-00001-of-00002.safetensors"
    with open_checkpoint(f"s3://models/zoo/child/{name}") as model:
        there = sorted(model.entries)
    with open_checkpoint(folders / "child" / name) as model:
        assert there == sorted(model.entries)


def test_what_is_not_there(bucket):
    from parentage.run.inspect import inspect_model

    for reference in ("s3://models/none", "s3://nobucket/x"):
        with pytest.raises(NotThereError):
            inspect_model(reference)


def test_an_object_that_changes_is_an_error(bucket, folders):
    from parentage.artifact import open_checkpoint

    key = "zoo/child/model-00001-of-00002.safetensors"
    with open_checkpoint("s3://models/zoo/child") as model:
        entry = next(e for e in model.entries.values() if e.file in key)
        body = (folders / "child" / entry.file).read_bytes()
        bucket.put_object(Bucket="models", Key=key, Body=body[:-1] + b"!")
        with pytest.raises(ChangedError):
            model.read(entry.name, entry.shape, tuple((0, n) for n in entry.shape))
        model.close(verify=False)


def test_no_store(bucket, monkeypatch):
    from parentage.run.inspect import inspect_model

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises((UnreachableError, AccessError)):
        inspect_model("s3://models/zoo/child")
