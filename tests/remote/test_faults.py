# SPDX-License-Identifier: Apache-2.0
"""Whatever a server does: the same report, or one clear error and none."""

from __future__ import annotations

import json
import logging
import socket

import pytest

from parentage.artifact import open_checkpoint
from parentage.cli.main import main
from parentage.errors import (
    AccessError,
    ChangedError,
    NotThereError,
    ProtocolError,
    SourceError,
    UnreachableError,
)
from parentage.run.audit import audit
from parentage.testing.hub import Fault

from .test_same import plain

SHARD = r"stored.*00001-of-00002"


def read_all(reference="org/child"):
    """Every value of a model, by name."""
    with open_checkpoint(reference) as model:
        return {
            name: model.read(name, e.shape, tuple((0, n) for n in e.shape)).tobytes()
            for name, e in model.entries.items()
        }


@pytest.fixture(scope="module")
def everything(folders):
    return read_all(folders / "child")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("cut", share=0.2, seed=1),
        Fault("truncate", share=0.2, seed=2),
        Fault("status", status=503, share=0.2, seed=3),
        Fault("status", status=429, retry_after="0", share=0.2, seed=4),
        Fault("wrong-length", share=0.2, seed=5),
        Fault("slow", seconds=0.01, share=0.2, seed=6),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_passing_trouble_changes_nothing(fault, hub, everything, monkeypatch):
    monkeypatch.setenv("PARENTAGE_HTTP_ATTEMPTS", "9")
    hub.reset([fault])
    if fault.kind == "wrong-length":
        # A header that contradicts itself is no accident of the network.
        with pytest.raises(ProtocolError, match="has a length of"):
            read_all()
        return
    assert read_all() == everything
    assert fault.done > 1


LASTING = [
    (Fault("cut", SHARD), UnreachableError, "no connection|ended"),
    (Fault("truncate", SHARD, after=8), UnreachableError, "ended after"),
    (Fault("status", SHARD, status=503), UnreachableError, "answers 503"),
    (
        Fault("status", status=429, retry_after="9999"),
        UnreachableError,
        "answers 429 and asks to wait 9999 s",
    ),
    (Fault("status", SHARD, status=403), AccessError, "refused"),
    (Fault("status", SHARD, status=404), NotThereError, "answers 404"),
    (Fault("ignore-range", SHARD), ProtocolError, "ignores ranges.*nothing was pulled"),
    (Fault("wrong-range", SHARD), ProtocolError, "asked for bytes"),
    (Fault("longer", SHARD), ProtocolError, "sent more than"),
    (Fault("tag", SHARD, after=14), ChangedError, "changed while it was read"),
    (Fault("status", status=412, path=SHARD), ChangedError, "changed"),
    (Fault("status", status=416, path=SHARD), ChangedError, "shorter"),
    (Fault("status", "api/models", status=500), UnreachableError, "Hub answers 500"),
]


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    LASTING,
    ids=[f"{f.kind}-{f.status}-{f.path}" for f, _, _ in LASTING],
)
def test_lasting_trouble_is_one_error(fault, error, words, hub):
    hub.reset([fault])
    with pytest.raises(error, match=words) as caught:
        read_all()
    assert caught.value.exit_code == 4
    assert caught.value.advice
    assert caught.value.file


def test_a_server_that_ignores_ranges_sends_next_to_nothing(hub):
    hub.reset([Fault("ignore-range", SHARD)])
    with pytest.raises(ProtocolError):
        read_all()
    sent = [r for r in hub.requests if r.fault == "ignore-range"]
    assert len(sent) == 1


def test_what_is_not_there(hub):
    for reference, words in (
        ("org/none", "no repository of the Hub"),
        ("org/child@none", "no such revision"),
        ("hf://org/child/none.safetensors", "has no 'none.safetensors'"),
    ):
        with pytest.raises(NotThereError, match=words):
            read_all(reference)


def test_gated_and_private(hub, monkeypatch):
    child = hub.repositories["org/child"]
    child.token = "hf_secret"
    child.gated = True
    with pytest.raises(AccessError, match=r"restricted.*hf auth login"):
        read_all()
    child.gated, child.private = False, True
    with pytest.raises(NotThereError, match="private"):
        read_all()
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    child.gated, child.private = True, False
    with pytest.raises(AccessError, match="403"):
        read_all()


def test_the_token_goes_to_the_hub_alone(hub, everything, monkeypatch, caplog):
    child = hub.repositories["org/child"]
    child.token, child.gated = "hf_secret", True
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with caplog.at_level(logging.DEBUG):
        assert read_all() == everything
    assert {r.authorised for r in hub.requests if r.storage} == {False}
    assert {r.authorised for r in hub.requests if "resolve" in r.path} == {True}
    assert "hf_secret" not in caplog.text


def test_signed_addresses_run_out(hub, everything):
    # Twice in a row the storage refuses; the origin is asked for another address.
    hub.reset([Fault("status", SHARD, status=403, after=12, times=1)])
    assert read_all() == everything


def test_no_server(monkeypatch, tmp_path):
    from .conftest import use

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1] - 1
    use(monkeypatch, f"http://127.0.0.1:{port}", tmp_path)
    with pytest.raises(UnreachableError, match="no connection to the Hub"):
        read_all()
    with pytest.raises(UnreachableError, match=r"no connection to 127\.0\.0\.1"):
        read_all(f"http://127.0.0.1:{port + 1}/web/")
    with pytest.raises(UnreachableError, match=r"no connection to nowhere\.invalid"):
        read_all("http://nowhere.invalid/model.safetensors")


LEAST = {"undo_budget": 0, "descent_budget": 0}


def test_cut_at_every_request(hub):
    undisturbed = plain(audit("org/child", ["org/parent"], **LEAST))
    total = len(hub.requests)
    assert total > 20
    for number in range(total):
        hub.reset([Fault("cut", at=number)])
        report = audit("org/child", ["org/parent"], **LEAST)
        assert plain(report) == undisturbed, number
        assert hub.faults[0].done == 1


def test_cut_for_good_from_every_request_on(hub, capsys, monkeypatch):
    audit("org/child", ["org/parent"], **LEAST)
    total = len(hub.requests)
    monkeypatch.setenv("PARENTAGE_HTTP_ATTEMPTS", "1")
    words = ["--undo-budget", "0", "--descent-budget", "0", "--json", "--no-cache"]
    for number in range(total):
        hub.reset([Fault("cut", after=number)])
        code = main(["audit", "org/child", "--against", "org/parent", *words])
        assert code == 4, number
        out = capsys.readouterr().out
        assert list(json.loads(out)) == ["error"], number


@pytest.mark.parametrize("name", ["ATTEMPTS", "BACKOFF", "TIMEOUT", "CONNECTIONS"])
def test_settings_are_checked(name, hub, monkeypatch):
    from parentage.artifact.source.retry import Policy
    from parentage.errors import UsageError

    monkeypatch.setenv(f"PARENTAGE_HTTP_{name}", "many")
    with pytest.raises(UsageError, match=name):
        Policy.from_environment()


def test_errors_of_sources_end_with_code_4():
    for kind in (SourceError, *SourceError.__subclasses__()):
        assert kind.exit_code == 4
