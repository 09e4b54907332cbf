# SPDX-License-Identifier: Apache-2.0
"""A small model on this machine, and the same one behind the server."""

from __future__ import annotations

import json

import pytest
from huggingface_hub import constants

from parentage.testing.hub import HubServer, folder_repository
from parentage.testing.synthetic import Shape, descendant, random_model, write_model

SHAPE = Shape(hidden_size=64, intermediate_size=96, num_hidden_layers=2, vocab_size=96)


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """A reference, and a candidate whose text decoder is derived from it."""
    root = tmp_path_factory.mktemp("remote")
    parent = random_model(SHAPE, 1)
    child = descendant(parent, 0.9, 2, only="layers")
    write_model(root / "parent", parent, SHAPE.config(), shards=2)
    write_model(root / "child", child, SHAPE.config(), shards=2)
    for name in ("parent", "child"):
        vocabulary = {f"t{n}": n for n in range(96)}
        made = {"model": {"type": "BPE", "vocab": vocabulary, "merges": []}}
        (root / name / "tokenizer.json").write_text(json.dumps(made))
    return root


@pytest.fixture(scope="module")
def server(folders):
    """The server with both; see ``hub``."""
    made = [folder_repository(f"org/{n}", folders / n) for n in ("parent", "child")]
    with HubServer(made) as running:
        yield running


@pytest.fixture
def hub(server, monkeypatch, tmp_path):
    """The same, as the Hub of this test: no faults yet, no cache, short pauses."""
    server.reset()
    for repository in server.repositories.values():
        repository.gated = repository.private = False
        repository.token = None
    use(monkeypatch, server.endpoint, tmp_path)
    return server


def use(monkeypatch, endpoint, cache):
    """Make a server the Hub. The library reads the environment when it is imported."""
    import huggingface_hub.hf_api as api

    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(api, "api", api.HfApi(endpoint=endpoint))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(cache / "token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("PARENTAGE_HTTP_BACKOFF", "0.001")
    monkeypatch.setenv("PARENTAGE_HTTP_ATTEMPTS", "3")
    monkeypatch.setenv("PARENTAGE_HTTP_TIMEOUT", "5")
