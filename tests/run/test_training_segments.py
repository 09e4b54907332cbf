# SPDX-License-Identifier: Apache-2.0
"""Checkpoints asked about batches, with a small model that is really trained."""

import shutil

import numpy as np
import pytest

from parentage.run.training import verify_record
from parentage.run.training_check import seal_packet
from parentage.training.packet import ManifestError, open_packet

pytestmark = pytest.mark.full

STRETCH, MARKS = 20, (0, 20, 40, 60, 80)
HEAD = """
schema = "parentage.packet/1"
[model]
name = "tiny"
vocabulary = 128
[initialisation]
weights = "checkpoints/step-0"
[[stages]]
name = "all"
kind = "pretraining"
steps = 80
optimizer = { name = "adamw", peak_lr = 2e-3, betas = [0.9, 0.95] }
logs = [{ path = "log.csv" }]
"""


def data(step):
    """Tokens of which some are frequent, so that batches differ in hardness."""
    rng = np.random.default_rng((9, step))
    top = int(rng.integers(8, 128))
    return rng.integers(0, top, (4, 16))


@pytest.fixture(name="trained", scope="module")
def trained_fixture(tmp_path_factory):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    safetensors = pytest.importorskip("safetensors.torch")
    place = tmp_path_factory.mktemp("segments")
    config = transformers.LlamaConfig(
        vocab_size=128,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        tie_word_embeddings=False,
    )
    torch.manual_seed(3)
    model = transformers.LlamaForCausalLM(config)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.95))
    text, lines = HEAD, ["step,loss,lr"]
    model.save_pretrained(place / "checkpoints/step-0")
    for step in range(80):
        ids = torch.from_numpy(data(step))
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        lines.append(f"{step},{float(loss.detach()):.5f},2e-3")
        optimiser.step()
        optimiser.zero_grad()
        if step + 1 in MARKS:
            name = f"checkpoints/step-{step + 1}"
            model.save_pretrained(place / name)
            text += f'[[checkpoints]]\nstep = {step + 1}\nweights = "{name}"\n'
    for first in MARKS[:-1]:
        held = {}
        for step in range(first, first + STRETCH):
            held[f"{step}.input_ids"] = torch.from_numpy(data(step))
            held[f"{step}.labels"] = torch.from_numpy(data(step))
        safetensors.save_file(held, place / f"data-{first}.safetensors")
        text += f"[[segments]]\nfrom_step = {first}\nto_step = {first + STRETCH}\n"
        text += f'batches = "data-{first}.safetensors"\n'
    (place / "log.csv").write_text("\n".join(lines) + "\n", "utf-8")
    (place / "packet.toml").write_text(text, "utf-8")
    return place


@pytest.fixture(name="packet")
def packet_fixture(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "packet")


def results(packet, *, rerun=True):
    seal_packet(packet)
    made = verify_record(packet, rerun=rerun)
    found = {e.check: e for e in made.evidence if e.check.startswith("segment-")}
    return made, found


def test_an_honest_record_remembers_its_data_and_logged_its_losses(packet):
    made, by = results(packet)
    assert by["segment-memory"].outcome == "verified"
    assert by["segment-log"].outcome == "verified"
    assert by["segment-log"].facts["off"] < 1e-3
    assert "batches" in made.trusted
    assert made.contradictions == ()


def test_it_is_only_done_when_asked_for(packet):
    _, by = results(packet, rerun=False)
    assert by["segment-memory"].reason == "memory-not-asked"


def test_data_claimed_in_another_order_contradict(packet):
    safetensors = pytest.importorskip("safetensors.torch")
    held = [safetensors.load_file(packet / f"data-{m}.safetensors") for m in MARKS[:-1]]
    for first, mine, other in zip(MARKS[:-1], held, held[::-1], strict=True):
        values = [other[k].clone() for k in sorted(other)]
        named = dict(zip(sorted(mine), values, strict=True))
        safetensors.save_file(named, packet / f"data-{first}.safetensors")
    _, by = results(packet)
    assert by["segment-memory"].reason == "memory-other"
    assert by["segment-log"].outcome == "contradicted"


def test_a_log_without_these_batches_contradicts(packet):
    file = packet / "log.csv"
    head, *lines = file.read_text("utf-8").split()
    rng = np.random.default_rng(0)
    loss = np.array([float(line.split(",")[1]) for line in lines])
    smooth = np.convolve(np.pad(loss, 5, mode="edge"), np.ones(11) / 11, "valid")
    made = smooth + rng.permutation(loss - smooth)
    rows = [f"{i},{v:.5f},2e-3" for i, v in enumerate(made)]
    file.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    _, by = results(packet)
    assert by["segment-log"].outcome == "contradicted"
    assert by["segment-memory"].outcome == "verified"


def test_what_cannot_be_asked_is_said(packet):
    file = packet / "packet.toml"
    text = file.read_text("utf-8")
    changes = {
        "no checkpoint of step": ("to_step = 80", "to_step = 81"),
        "holds another one's checkpoint": (
            "from_step = 60\nto_step = 80",
            "from_step = 40\nto_step = 80",
        ),
        "holds batches of other steps": (
            'batches = "data-60.safetensors"',
            'batches = "data-20.safetensors"',
        ),
        "cannot be used": ('"data-60.safetensors"', '"../data.safetensors"'),
        "failed": ('"data-60.safetensors"', '"log.csv"'),
    }
    for message, (before, after) in changes.items():
        assert before in text
        file.write_text(text.replace(before, after), "utf-8")
        made, by = results(packet)
        assert by["segment-memory"].reason == "memory-unable", message
        assert message in str(by["segment-memory"].facts["error"])
        assert made.contradictions == ()
    file.write_text(text.replace("to_step = 80", "to_step = 60"), "utf-8")
    with pytest.raises(ManifestError, match="must come after"):
        open_packet(packet)
