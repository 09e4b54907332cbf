# SPDX-License-Identifier: Apache-2.0
"""Step 0 from its seed, and a stretch of training done again, with real libraries."""

import json

import pytest

from parentage.run.training import verify_record
from parentage.run.training_check import seal_packet

pytestmark = pytest.mark.full

MANIFEST = """
schema = "parentage.packet/1"
[model]
name = "tiny"
released = "checkpoints/step-20"
vocabulary = 128
[initialisation]
weights = "checkpoints/step-0"
seed = 42
framework = "transformers, LlamaForCausalLM(config)"
[[stages]]
name = "all"
kind = "pretraining"
steps = 20
optimizer = { name = "adamw", peak_lr = 1e-3, betas = [0.9, 0.95], weight_decay = 0.1 }
schedule = { family = "constant" }
logs = [{ path = "log.csv" }]
[[checkpoints]]
step = 10
weights = "checkpoints/step-10"
optimizer = "state.safetensors"
[[checkpoints]]
step = 20
weights = "checkpoints/step-20"
[[replays]]
from_step = 10
steps = 10
batches = "batches.safetensors"
"""


@pytest.fixture(name="packet")
def packet_fixture(tmp_path):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    safetensors = pytest.importorskip("safetensors.torch")
    config = transformers.LlamaConfig(
        vocab_size=128,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        tie_word_embeddings=False,
    )
    torch.manual_seed(42)
    model = transformers.LlamaForCausalLM(config)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1
    )
    batches, lines = {}, ["step,loss,lr"]
    model.save_pretrained(tmp_path / "checkpoints/step-0")
    draw = torch.Generator().manual_seed(7)
    for step in range(20):
        ids = torch.randint(0, 128, (4, 16), generator=draw)
        if step >= 10:
            batches[f"{step}.input_ids"] = ids
            batches[f"{step}.labels"] = ids.clone()
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        lines.append(f"{step},{float(loss.detach()):.5f},1e-3")
        optimiser.step()
        optimiser.zero_grad()
        if step == 9:
            model.save_pretrained(tmp_path / "checkpoints/step-10")
            state = {}
            for name, p in model.named_parameters():
                state[f"{name}.exp_avg"] = optimiser.state[p]["exp_avg"].clone()
                state[f"{name}.exp_avg_sq"] = optimiser.state[p]["exp_avg_sq"].clone()
            file = tmp_path / "state.safetensors"
            safetensors.save_file(state, file, metadata={"step": "10"})
    model.save_pretrained(tmp_path / "checkpoints/step-20")
    safetensors.save_file(batches, tmp_path / "batches.safetensors")
    (tmp_path / "log.csv").write_text("\n".join(lines) + "\n", "utf-8")
    (tmp_path / "packet.toml").write_text(MANIFEST, "utf-8")
    seal_packet(tmp_path)
    return tmp_path


def results(packet):
    seal_packet(packet)
    made = verify_record(packet, rerun=True)
    return made, {
        e.check: e
        for e in made.evidence
        if e.check in ("step-0-seed", "replay", "replay-log")
    }


def change(packet, before, after):
    file = packet / "packet.toml"
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), "utf-8")


def test_an_honest_run_is_drawn_and_done_again(packet):
    made, by = results(packet)
    assert (by["step-0-seed"].outcome, by["step-0-seed"].value) == ("verified", 1.0)
    assert by["replay"].outcome == "verified"
    assert by["replay"].value < 1e-3
    assert by["replay-log"].outcome == "verified"
    assert "batches" in made.trusted
    assert made.contradictions == ()


def test_a_made_up_log_is_told_apart(packet):
    file = packet / "log.csv"
    head, *lines = file.read_text("utf-8").split()
    made = [lines[-i - 1].split(",", 1)[1] for i in range(len(lines))]
    text = "\n".join([head, *(f"{i},{rest}" for i, rest in enumerate(made))])
    file.write_text(text + "\n", "utf-8")
    _, by = results(packet)
    assert by["replay-log"].outcome == "contradicted"
    assert by["replay"].outcome == "verified"


@pytest.mark.parametrize(
    ("before", "after"),
    [("weight_decay = 0.1", "weight_decay = 5.0"), ("[0.9, 0.95]", "[0.9, 0.999]")],
)
def test_other_settings_are_told_apart(packet, before, after):
    change(packet, before, after)
    _, by = results(packet)
    assert (by["replay"].outcome, by["replay"].reason) == (
        "contradicted",
        "replay-differs",
    )


def test_other_data_are_told_apart(packet):
    safetensors = pytest.importorskip("safetensors.torch")
    file = packet / "batches.safetensors"
    held = {k: v.flip(-1).contiguous() for k, v in safetensors.load_file(file).items()}
    safetensors.save_file(held, file)
    _, by = results(packet)
    assert by["replay"].outcome == "contradicted"
    assert by["replay"].value > 0.2


def test_a_seed_that_draws_something_else_accuses_nobody(packet):
    change(packet, "seed = 42", "seed = 43")
    _, by = results(packet)
    assert (by["step-0-seed"].outcome, by["step-0-seed"].reason) == (
        "missing",
        "seed-differs",
    )


def test_a_common_seed_is_found_without_step_0_and_begins_the_chain(packet):
    start = MANIFEST[MANIFEST.index("[initialisation]") : MANIFEST.index("[[stages]]")]
    change(packet, start, "")
    made, by = results(packet)
    assert by["step-0-seed"].reason == "seed-common"
    assert by["step-0-seed"].facts["seed"] == 42
    assert made.chain.points[0].kind == "step-0"
    assert {e.check: e.outcome for e in made.evidence}["chain"] == "verified"


def test_code_of_a_record_is_never_run(packet):
    for folder in (packet / "checkpoints").iterdir():
        file = folder / "config.json"
        plain = json.loads(file.read_text("utf-8"))
        plain["auto_map"] = {"AutoModelForCausalLM": "evil.Model"}
        file.write_text(json.dumps(plain), "utf-8")
    made, by = results(packet)
    assert (by["step-0-seed"].reason, by["replay"].reason) == (
        "seed-unable",
        "replay-unable",
    )
    assert made.contradictions == ()
