# SPDX-License-Identifier: Apache-2.0
"""What the operator's folders are called shows in no document that is public."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from parentage.artifact.source import client as sources
from parentage.errors import RefusedError
from parentage.web.security.references import checked_reference, shown_reference
from parentage.web.settings import Settings

ROOT = str(Path(__file__).parents[2])
NORM = "language_model.model.layers.0.input_layernorm.weight"
CLAIM = f"""\
format: parentage.claim-file/1
id: norms
title: The norm gains of the first layer have cosine 0.99
candidate: vlm-frozen
reference: vlm-donor
numbers:
  - id: s
    title: cosine of norm gains
    statistic: cosine
    of: norm-gains
    says: derived
    claimed_at: "0.99"
    cells:
      - {{label: first, printed: "0.998", tensor: "{NORM}"}}
models: [vlm-frozen, vlm-donor]
""".encode()


@pytest.fixture(autouse=True)
def _usual_clients():
    yield
    sources.use_clients(None)


@pytest.fixture
def adapter(tmp_path):
    """An adapter of the bundled models' first query projection."""
    folder = tmp_path / "inside" / "adapter"
    folder.mkdir(parents=True)
    stem = "base_model.model.language_model.model.layers.0.self_attn.q_proj"
    rng = np.random.default_rng(0)
    tensors = {
        f"{stem}.lora_A.weight": rng.standard_normal((4, 64)).astype(np.float32),
        f"{stem}.lora_B.weight": rng.standard_normal((64, 4)).astype(np.float32),
    }
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"r": 4, "lora_alpha": 4}))
    return folder


@pytest.fixture
def settings(settings, adapter):
    roots = (*settings.local_roots, adapter.parent)
    return settings.model_copy(update={"local_roots": roots})


@pytest.fixture(params=["plain", "merged"])
def versions(request, seeded, paths, adapter):
    """Versions of two models by path, with how documents name the first one."""
    candidate, named = paths["vlm-frozen"], "zoo/models/vlm-frozen"
    if request.param == "merged":
        candidate, named = f"{candidate}+{adapter}", f"{named}+inside/adapter"
    client = seeded.client("verifier")
    numbers = [
        client.post(
            "/api/v1/models/1/versions", json={"label": label, "reference": text}
        ).json()["id"]
        for label, text in (("2", candidate), ("3", paths["vlm-donor"]))
    ]
    return client, numbers, named


def hidden(text, adapter):
    assert ROOT not in text
    assert str(adapter.parent.parent) not in text


def test_what_was_read_for_a_claim(seeded, versions, adapter):
    client, (candidate, reference), named = versions
    body = {
        "model_id": 1,
        "title": "norms",
        "statement": "They show it.",
        "claim": base64.b64encode(CLAIM).decode(),
        "model_versions": {"vlm-frozen": candidate, "vlm-donor": reference},
    }
    number = client.post("/api/v1/challenges", json=body).json()["row"]["id"]
    seeded.work()
    reader = seeded.client()
    check = reader.get(f"/api/v1/challenges/{number}").json()["check"]
    read = {file["name"]: file["path"] for file in check["files"]}
    assert read == {
        "claim": "claim.yaml",
        "vlm-frozen": named,
        "vlm-donor": "zoo/models/vlm-donor",
    }
    hidden(json.dumps(check), adapter)
    page = reader.get(f"/challenges/{number}").text
    assert f"vlm-frozen: {named}" in page
    hidden(page, adapter)


def test_report_of_an_audit(seeded, versions, adapter):
    client, (candidate, reference), named = versions
    body = {"version_id": candidate, "against_versions": [reference]}
    number = client.post("/api/v1/audits", json={**body, "budget": 4_000_000}).json()
    seeded.work()
    job = client.get(f"/api/v1/jobs/{number['id']}").json()
    assert job["state"] == "done", job
    reader = seeded.client()
    text = reader.get(f"/api/v1/reports/{job['report_id']}/file").text
    assert named in json.loads(text)["command"]
    hidden(text, adapter)
    hidden(reader.get(f"/reports/{job['report_id']}").text, adapter)


@pytest.fixture
def opened(tmp_path):
    """A folder that is opened, with a model, beside one that is not."""
    root = tmp_path / "open"
    for folder in (root / "a", root / "b", tmp_path / "closed"):
        folder.mkdir(parents=True)
    return root


def test_both_sides_of_a_merged_model_lie_in_the_opened_folder(opened):
    settings = Settings(local_roots=(opened,))
    a, b, closed = opened / "a", opened / "b", opened.parent / "closed"
    for text, named in (
        (f"{a}+{b}", "open/a+open/b"),
        (f"org/name+{b}", "org/name+open/b"),
        (f"{a}+org/name", "open/a+org/name"),
        (f"{a}+https://example.org/x/", "open/a+https://example.org/x/"),
        ("https://example.org/x+/y", "https://example.org/x+/y"),
    ):
        assert checked_reference(text, settings) == text
        assert shown_reference(text, settings) == named
    for text in (
        f"{a}+{closed}",
        f"{closed}+{b}",
        f"{a}+{closed}/../open/../closed",
        f"{a}+http://example.org/x/",
        f"{opened}/../closed+https://example.org/../../..{opened}",
        f"{a}+s3://bucket/x",
        f"{a}+~/x",
    ):
        with pytest.raises(RefusedError):
            checked_reference(text, settings)


def test_whether_something_lies_outside_does_not_show(opened):
    settings = Settings(local_roots=(opened,))
    closed = opened.parent / "closed"
    for front in (str(opened / "a"), "org/name"):
        said = []
        for name in (closed, opened.parent / "nothing"):
            with pytest.raises(RefusedError) as refused:
                checked_reference(f"{front}+{name}", settings)
            said.append(str(refused.value).replace(str(name), "NAME"))
        assert said[0] == said[1]
