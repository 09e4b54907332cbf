# SPDX-License-Identifier: Apache-2.0
"""Weights of a record: a small run by AdamW in numpy, and what is done to it."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from parentage.run.fingerprint import fingerprint, write_fingerprint
from parentage.run.training import verify_record
from parentage.run.training_check import seal_packet

WIDTH, INNER, LAYERS, VOCABULARY, HEADS = 32, 64, 2, 128, 4
STEPS, EVERY, RATE, BETAS = 60, 15, 2e-3, (0.9, 0.95)
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": HEADS,
    "vocab_size": VOCABULARY,
    "tie_word_embeddings": False,
}
MANIFEST = """
schema = "parentage.packet/1"
[model]
name = "tiny"
released = "released"
vocabulary = 128
[initialisation]
weights = "checkpoints/step-0"
default = { distribution = "normal", std = 0.02 }
[[stages]]
name = "all"
kind = "pretraining"
steps = 60
optimizer = { name = "adamw", peak_lr = 2e-3, betas = [0.9, 0.95], weight_decay = 0.1 }
schedule = { family = "constant", total_steps = 60 }
"""


def shapes():
    found = {
        "model.embed_tokens.weight": (VOCABULARY, WIDTH),
        "model.norm.weight": (WIDTH,),
        "lm_head.weight": (VOCABULARY, WIDTH),
    }
    for layer in range(LAYERS):
        base = f"model.layers.{layer}."
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            found[f"{base}self_attn.{name}.weight"] = (WIDTH, WIDTH)
        for name in ("gate_proj", "up_proj"):
            found[f"{base}mlp.{name}.weight"] = (INNER, WIDTH)
        found[f"{base}mlp.down_proj.weight"] = (WIDTH, INNER)
        for name in ("input_layernorm", "post_attention_layernorm"):
            found[f"{base}{name}.weight"] = (WIDTH,)
    return found


def run_of(seed, start=None):
    """Weights and moments at every kept step; gradients have a lasting part."""
    rng = np.random.default_rng(seed)
    w = start or {
        n: (rng.standard_normal(s) * 0.02 if len(s) > 1 else np.ones(s)).astype("f4")
        for n, s in shapes().items()
    }
    lasting = {n: rng.standard_normal(s) for n, s in shapes().items()}
    m = {n: np.zeros(s) for n, s in shapes().items()}
    v = {n: np.zeros(s) for n, s in shapes().items()}
    points = {0: (w, None)}
    b1, b2 = BETAS
    for step in range(1, STEPS + 1):
        w = dict(w)
        for n in w:
            lasting[n] = 0.97 * lasting[n] + 0.25 * rng.standard_normal(
                lasting[n].shape
            )
            g = lasting[n] + 2 * rng.standard_normal(lasting[n].shape)
            m[n] = b1 * m[n] + (1 - b1) * g
            v[n] = b2 * v[n] + (1 - b2) * g * g
            move = m[n] / (1 - b1**step) / (np.sqrt(v[n] / (1 - b2**step)) + 1e-8)
            w[n] = (w[n] * (1 - RATE * 0.1) - RATE * move).astype("f4")
        if step % EVERY == 0:
            points[step] = (w, {n: (m[n].copy(), v[n].copy()) for n in w})
    return points


def put(folder, tensors):
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG), "utf-8")


def packet_of(folder, points):
    text = MANIFEST
    for step, (weights, moments) in points.items():
        put(folder / f"checkpoints/step-{step}", weights)
        if moments is None:
            continue
        state = {}
        for n, (m, v) in moments.items():
            state[f"{n}.exp_avg"] = m.astype("f4")
            state[f"{n}.exp_avg_sq"] = v.astype("f4")
        (folder / "optimizer").mkdir(exist_ok=True)
        save_file(state, folder / f"optimizer/step-{step}.safetensors")
        text += f'[[checkpoints]]\nstep = {step}\nweights = "checkpoints/step-{step}"\n'
        text += f'optimizer = "optimizer/step-{step}.safetensors"\n'
    half = {n: w.astype("f2") for n, w in points[STEPS][0].items()}
    put(folder / "released", half)
    (folder / "packet.toml").write_text(text, "utf-8")
    seal_packet(folder)
    return folder


@pytest.fixture(name="folders", scope="module")
def folders_fixture(tmp_path_factory):
    place = tmp_path_factory.mktemp("records")
    own = run_of(1)
    return {
        "own": packet_of(place / "own", own),
        "other": packet_of(place / "other", run_of(2)),
        "twin": packet_of(place / "twin", run_of(3, own[0][0])),
    }


@pytest.fixture(name="packet")
def packet_fixture(folders, tmp_path):
    shutil.copytree(folders["own"], tmp_path / "packet")
    return tmp_path / "packet"


def weights(folder, step):
    part = "released" if step is None else f"checkpoints/step-{step}"
    return load_file(folder / part / "model.safetensors")


def found(document):
    return {(e.check, e.reason) for e in document.evidence if e.outcome != "consistent"}


def contradicted(folder, **more):
    seal_packet(folder)
    document = verify_record(folder, **more)
    assert document.support == "contradicted"
    return document, {
        (e.check, e.reason): e for e in document.evidence if e.outcome == "contradicted"
    }


def test_an_honest_run_is_verified_from_step_0_to_the_end(folders):
    made = verify_record(folders["own"], against=[folders["other"] / "released"])
    assert made.contradictions == ()
    outcomes = {e.check: (e.outcome, e.reason) for e in made.evidence}
    assert outcomes["step-0"] == ("consistent", "step-0-random")
    assert outcomes["chain"] == ("verified", "chain-links")
    assert outcomes["released"] == ("verified", "released-equal")
    assert outcomes["references"] == ("verified", "reference-clear")
    assert outcomes["chain-tensors"] == ("consistent", "tensors-agree")
    assert outcomes["chain-order"] == ("consistent", "order-agrees")
    assert outcomes["chain-lines"] == ("consistent", "lines-none")
    assert outcomes["chain-motion"] == ("consistent", "motion-possible")
    assert outcomes["optimizer-state"] == ("consistent", "optimizer-agrees")
    assert {line.id for line in made.lines if line.met} >= {"initialisation", "chain"}
    assert made.trusted == ("time-of-step-0", "rates")
    assert [p.kind for p in made.chain.points] == [
        "step-0",
        *["checkpoint"] * 4,
        "released",
    ]
    near = {(link.a, link.b): link.effect for link in made.chain.links}
    assert near[0, 1] > near[0, 2] > near[0, 3] > near[0, 4]


def test_a_faked_step_0_is_found_at_the_first_stretch(packet):
    rng = np.random.default_rng(9)
    start = {
        n: (rng.standard_normal(w.shape) * 0.02 if w.ndim > 1 else w).astype("f4")
        for n, w in weights(packet, 0).items()
    }
    put(packet / "checkpoints/step-0", start)
    _, by = contradicted(packet)
    item = by["chain", "chain-broken"]
    assert item.subject == "step 0 to step 15"


def test_a_transplant_is_dated(packet, folders):
    for step in (45, 60, None):
        own, other = weights(packet, step), weights(folders["other"], step)
        mixed = {n: other[n] if ".layers." in n else w for n, w in own.items()}
        put(
            packet / ("released" if step is None else f"checkpoints/step-{step}"), mixed
        )
    document, by = contradicted(packet, against=[folders["other"] / "released"])
    item = by["chain", "chain-broken"]
    assert item.subject == "step 30 to step 45"
    assert item.facts["module"] == "text_decoder"
    dated = by["references", "reference-since"]
    assert (dated.facts["earlier"], dated.facts["later"]) == ("step 30", "step 45")
    assert document.contradictions[0] != "step-0"


def test_a_single_replaced_matrix_is_found_where_its_module_still_links(
    packet, folders
):
    name = "model.layers.1.mlp.down_proj.weight"
    for step in (60, None):
        own, other = weights(packet, step), weights(folders["other"], step)
        own[name] = other[name]
        put(packet / ("released" if step is None else f"checkpoints/step-{step}"), own)
    _, by = contradicted(packet)
    item = by["chain-tensors", "tensors-replaced"]
    assert (item.subject, item.facts["tensor"]) == ("step 45 to step 60", name)
    assert item.facts["replaced"] == 1


def test_mixtures_with_another_end_lie_on_a_line_and_their_ends_are_apart(
    packet, folders
):
    start, end = weights(packet, 0), weights(folders["other"], 60)
    for step in (15, 30, 45, 60):
        share = np.float32(step / 60)
        put(
            packet / f"checkpoints/step-{step}",
            {n: w + share * (end[n] - w) for n, w in start.items()},
        )
    put(packet / "released", weights(folders["other"], None))
    _, by = contradicted(packet)
    assert ("chain-lines", "lines-found") in by
    assert ("chain", "chain-ends-apart") in by


def test_reversed_checkpoints_are_out_of_order(packet):
    held = {step: weights(packet, step) for step in (15, 30, 45)}
    for step, source in ((15, 45), (45, 15)):
        put(packet / f"checkpoints/step-{step}", held[source])
    _, by = contradicted(packet)
    assert ("chain-order", "order-wrong") in by


def test_the_same_weights_twice_are_found(packet):
    put(packet / "checkpoints/step-45", weights(packet, 30))
    _, by = contradicted(packet)
    assert by["chain-order", "order-still"].subject == "step 30 to step 45"


def test_a_trained_step_0_is_none(packet):
    gains = weights(packet, 15)
    put(packet / "checkpoints/step-0", gains)
    _, by = contradicted(packet)
    assert {reason for check, reason in by if check == "step-0"} <= {
        "step-0-varied",
        "step-0-structured",
    }


def test_motion_beyond_the_stated_learning_rate_is_impossible(packet):
    file = packet / "packet.toml"
    text = file.read_text("utf-8").replace("peak_lr = 2e-3", "peak_lr = 2e-4")
    file.write_text(text, "utf-8")
    _, by = contradicted(packet)
    item = by["chain-motion", "motion-impossible"]
    assert 1.5 < item.value < 10


def test_states_of_another_run_and_states_that_cannot_be(packet, folders):
    other = folders["other"] / "optimizer/step-30.safetensors"
    shutil.copy(other, packet / "optimizer/step-30.safetensors")
    file = packet / "optimizer/step-45.safetensors"
    state = load_file(file)
    name = "model.layers.0.mlp.up_proj.weight.exp_avg"
    state[name] = state[name] * np.float32(50)
    save_file(state, file)
    seal_packet(packet)
    made = verify_record(packet)
    by = {e.subject: e.reason for e in made.evidence if e.check == "optimizer-state"}
    assert by["step 15"] == "optimizer-agrees"
    assert by["step 30"] == "optimizer-other"
    assert by["step 45"] == "optimizer-impossible"


def test_released_weights_that_end_elsewhere(packet, folders):
    put(packet / "released", weights(folders["other"], None))
    _, by = contradicted(packet)
    assert ("released", "released-other") in by
    # More training, or averaging, is a change that is named and accuses nobody.
    last = weights(packet, 60)
    mean = {n: ((w + weights(packet, 45)[n]) / 2).astype("f2") for n, w in last.items()}
    put(packet / "released", mean)
    seal_packet(packet)
    made = verify_record(packet)
    assert ("released", "released-changed") in found(made)
    assert made.contradictions == ()


def test_one_start_is_no_descent_and_an_own_checkpoint_is(folders):
    made = verify_record(folders["own"], against=[folders["twin"] / "released"])
    (item,) = [e for e in made.evidence if e.check == "references"]
    assert (item.outcome, item.reason) == ("verified", "reference-shares-start")
    assert item.facts["both"] == pytest.approx(item.facts["product"], abs=0.05)
    assert made.contradictions == ()
    made = verify_record(
        folders["own"], against=[folders["own"] / "checkpoints/step-30"]
    )
    assert made.contradictions == ("references",)


def test_fingerprints_alone_support_chain_and_step_0(packet):
    text = (packet / "packet.toml").read_text("utf-8")
    (packet / "fingerprints").mkdir()
    for step in (0, 15, 30, 45, 60):
        place = packet / f"checkpoints/step-{step}"
        write_fingerprint(fingerprint(place), packet / f"fingerprints/{step}.fp")
        text = text.replace(
            f'weights = "checkpoints/step-{step}"',
            f'fingerprint = "fingerprints/{step}.fp"',
        )
    shutil.rmtree(packet / "checkpoints")
    (packet / "packet.toml").write_text(text, "utf-8")
    seal_packet(packet)
    made = verify_record(packet)
    outcomes = {e.check: e.outcome for e in made.evidence}
    assert outcomes["chain"] == outcomes["released"] == "verified"
    assert outcomes["step-0"] == "consistent"
    assert "fingerprints" in made.trusted
    assert {p.stored for p in made.chain.points} == {"fingerprint", "weights"}


def test_files_that_cannot_be_read_are_named_and_the_rest_is_checked(packet):
    (packet / "checkpoints/step-30/model.safetensors").write_bytes(b"nothing")
    (packet / "optimizer/step-15.safetensors").write_bytes(b"\xff" * 64)
    seal_packet(packet)
    made = verify_record(packet)
    assert ("chain", "weights-unreadable") in found(made)
    assert ("optimizer-state", "optimizer-unreadable") in found(made)
    assert made.contradictions == ()
    assert len(made.chain.points) == 5


def test_nothing_is_run_again_unless_asked(packet):
    file = packet / "packet.toml"
    text = file.read_text("utf-8")
    text += '[[replays]]\nfrom_step = 15\nsteps = 15\nbatches = "batches.safetensors"\n'
    file.write_text(text, "utf-8")
    save_file({"15.x": np.zeros(1, "f4")}, packet / "batches.safetensors")
    seal_packet(packet)
    made = verify_record(packet)
    assert ("replay", "replay-not-asked") in found(made)
    assert ("step-0-seed", "seed-none") in found(made)
