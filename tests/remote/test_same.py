# SPDX-License-Identifier: Apache-2.0
"""A model says the same wherever it lies."""

from __future__ import annotations

import hashlib
import re

import pytest

from parentage.artifact import open_checkpoint
from parentage.run.audit import audit
from parentage.run.inspect import inspect_model
from parentage.run.lineage_architecture import open_architecture
from parentage.run.lineage_tokenizer import open_tokenizer
from parentage.testing.hub import Fault

PLACES = {"path", "bytes_read", "created", "seconds", "command"}
PLACES |= {"sha256", "sha256_from"}  # the Hub states them, a folder does not


def plain(report):
    """A report without times and places."""

    def strip(value):
        if isinstance(value, dict):
            return {k: strip(v) for k, v in value.items() if k not in PLACES}
        return [strip(v) for v in value] if isinstance(value, list) else value

    return strip(report.model_dump(mode="json"))


def references(kind, hub):
    return [
        {
            "short": f"org/{name}",
            "uri": f"hf://org/{name}@main",
            "page": f"{hub.endpoint}/org/{name}/tree/main",
            "web": hub.web(f"org/{name}"),
        }[kind]
        for name in ("child", "parent")
    ]


@pytest.mark.parametrize("kind", ["short", "uri", "page", "web"])
def test_an_audit_says_the_same(kind, hub, folders):
    child, parent = references(kind, hub)
    here = audit(folders / "child", [folders / "parent"])
    there = audit(child, [parent])
    assert plain(there) == plain(here)
    assert "reused" in {module.finding for module in here.modules}
    if kind != "web":
        for info in (there.candidate, there.references[0]):
            assert re.fullmatch(r"hf://org/\w+@[0-9a-f]{40}", info.path)


def test_bytes_read_are_those_that_were_sent(hub):
    report = audit("org/child", ["org/parent"])
    tokenizer = hub.repositories["org/child"].files["tokenizer.json"].size
    first = 4  # bytes of the tokenizer's file that tell its format
    assert hub.sent["org/child"] == report.candidate.bytes_read + tokenizer + first


def test_hashes_of_files_are_those_that_the_hub_states(hub, folders):
    """Passed on from its listing, unread; a plain web server states none."""
    here = audit(folders / "child", [folders / "parent"], hash_files=True)
    there = audit("org/child", ["org/parent"])
    for own, stated in (
        (here.candidate, there.candidate),
        (here.references[0], there.references[0]),
    ):
        assert len(own.files) == 2
        assert [f.sha256 for f in stated.files] == [f.sha256 for f in own.files]
        assert {f.sha256_from for f in own.files} == {"bytes"}
        assert {f.sha256_from for f in stated.files} == {"source"}
        for file in own.files:
            place = folders / own.name / file.name
            assert file.sha256 == hashlib.sha256(place.read_bytes()).hexdigest()
    plain_server = audit(hub.web("org/child"), [hub.web("org/parent")], hash_files=True)
    assert {f.sha256 for f in plain_server.candidate.files} == {None}
    # What it takes is neither in the budget nor counted as read for the audit.
    without = audit(folders / "child", [folders / "parent"])
    assert without.candidate.bytes_read == here.candidate.bytes_read
    assert {f.sha256 for f in without.candidate.files} == {None}


def test_a_hash_that_is_none_is_not_passed_on(hub, monkeypatch):
    repository = hub.repositories["org/child"]
    listed = repository.siblings()
    for item in listed:
        if "lfs" in item:
            item["lfs"]["sha256"] = "<b>no hash</b>"
    monkeypatch.setattr(repository, "siblings", lambda: listed)
    assert {f.sha256 for f in inspect_model("org/child").files} == {None}


def test_other_commands_take_references_too(hub, folders):
    assert inspect_model("org/child").digest == inspect_model(folders / "child").digest
    there = open_tokenizer("org/child").tokenizer
    assert there.digest == open_tokenizer(folders / "child").tokenizer.digest
    there = open_architecture("org/child").architecture
    assert (
        there.components == open_architecture(folders / "child").architecture.components
    )


def test_a_file_in_a_repository(hub, folders):
    name = "model-00001-of-00002.safetensors"
    with open_checkpoint(f"hf://org/child/{name}") as model:
        there = sorted(model.entries)
    with open_checkpoint(folders / "child" / name) as model:
        assert there == sorted(model.entries)


def test_headers_are_fetched_side_by_side_and_nothing_twice(hub):
    inspect_model("org/parent")
    spans = [(r.path, r.span) for r in hub.requests if r.storage]
    assert len(spans) == len(set(spans)) == 4  # length and header of two shards


def test_what_is_in_the_cache_is_read_there(hub, folders):
    from huggingface_hub import hf_hub_download

    name = "model-00001-of-00002.safetensors"
    hf_hub_download("org/child", name)
    hub.reset()
    with open_checkpoint("org/child") as model:
        assert len(model.entries) > 0
    assert not [r for r in hub.requests if name in r.path]


def test_offline(hub, folders, monkeypatch):
    from huggingface_hub import constants, snapshot_download

    from parentage.errors import OfflineError

    snapshot_download("org/child")
    hub.reset([Fault("cut")])
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert inspect_model("org/child").digest == inspect_model(folders / "child").digest
    with pytest.raises(OfflineError, match="HF_HUB_OFFLINE"):
        inspect_model("org/parent")
    assert not hub.requests
