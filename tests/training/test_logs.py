# SPDX-License-Identifier: Apache-2.0
"""Every format of training log, found by content; damage is stated, not hidden."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.errors import ParentageError, TrainingLogError
from parentage.training.logs import read_log
from parentage.training.manifest import Columns
from parentage.training.series import Builder

FIXTURES = Path(__file__).parent / "fixtures"


def written(folder, name, text):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


TEXTS = {
    "megatron": "".join(
        f" [2025-01-02 03:04:{n:02d}] iteration {n:8d}/     500 | consumed samples: "
        f"{n * 8} | elapsed time per iteration (ms): 120.5 | learning rate: 1.0E-04 "
        "| "
        f"global batch size:  8 | lm loss: {9 - n / 10:.6E} | loss scale: 1.0 | grad "
        f"norm: 1.250 | number of skipped iterations:   0 |\n"
        for n in range(1, 11)
    ),
    "torchtitan": "".join(
        f"\x1b[32m[rank0]:[titan] 2025-01-02 03:04:{n:02d},123 - root - INFO - \x1b[31m"
        f"step: {n:2d}  \x1b[32mloss: {9 - n / 10:7.4f}  \x1b[34mgrad_norm:  1.2500  "
        "\x1b[38mmemory: 20.1GiB(25.3%)  tps: 7,104  tflops: 41.2  mfu: 13.20%\n"
        for n in range(1, 11)
    ),
    "llm.c": "s:0 tel:9.1000\n"
    + "".join(
        f"s:{n} trl:{9 - n / 10:.4f} lr:0.000100 norm:1.25\n" for n in range(1, 11)
    ),
    "llm.c-stdout": "".join(
        f"step {n:4d}/500 | loss {9 - n / 10:.6f} (+nanz)| norm 1.2500 (+nanz)| "
        "lr 1.00e-04 | 120.50 ms | 13.2% bf16 MFU | 7104 tok/s\n"
        for n in range(1, 11)
    ),
    "modded-nanogpt": "".join(
        f"step:{n}/500 train_loss:{9 - n / 10:.4f} train_time:{n * 120}ms "
        "step_avg:120.00ms\n"
        for n in range(1, 11)
    ),
    "nanogpt": "".join(
        f"iter {n}: loss {9 - n / 10:.4f}, time 120.50ms, mfu 13.20%\n"
        for n in range(1, 11)
    ),
    "olmo": "".join(
        f"2025-01-02 03:04:05.123\tjob:0\tINFO\t[step={n}/500,epoch=0]\n"
        f"    optim/total_grad_norm=1.25\n    train/CrossEntropyLoss={9 - n / 10:.3f}\n"
        "    throughput/total_tokens=4,194,304\n"
        for n in range(1, 11)
    ),
    "csv": "Step,run - train/loss,run - train/loss__MIN,lr\n"
    + "".join(f"{n},{9 - n / 10},{8 - n / 10},0.0001\n" for n in range(1, 11)),
    "jsonl": "".join(
        json.dumps(
            {
                "_step": n,
                "train": {"loss": 9 - n / 10},
                "_timestamp": 1.7e9 + n,
                **({"optim/learning_rate_group0": 1e-4} if n > 3 else {}),
            }
        )
        + "\n"
        for n in range(1, 11)
    ),
    "trainer-state": json.dumps(
        {
            "max_steps": 500,
            "log_history": [
                {"step": n, "loss": 9 - n / 10, "learning_rate": 1e-4, "epoch": 0.1}
                for n in range(1, 11)
            ]
            + [{"step": 10, "train_loss": 8.5, "train_runtime": 12.0}],
            "total_flos": 1e12,
        },
        indent=2,
    ),
    "megatron-golden": json.dumps(
        {
            "lm loss": {
                "start_step": 1,
                "end_step": 10,
                "step_interval": 1,
                "values": {str(n): 9 - n / 10 for n in range(1, 11)},
            },
            "iteration-time": {"values": {"1": "nan", "5": 0.12}},
        }
    ),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_format_is_found_and_read(tmp_path, kind):
    series = read_log(written(tmp_path, "some.log", TEXTS[kind]))
    assert series.format == kind
    curve = series.curve("loss")
    assert list(curve.step) == list(range(1, 11))
    np.testing.assert_allclose(curve.value, 9 - np.arange(1, 11) / 10, atol=1e-9)
    if series.has("lr"):
        np.testing.assert_allclose(series.curve("lr").value, 1e-4)
    if series.has("grad_norm"):
        np.testing.assert_allclose(series.curve("grad_norm").value, 1.25)
    if series.has("step_time") and kind != "megatron-golden":
        np.testing.assert_allclose(series.curve("step_time").value, 0.1205)


def test_what_follows_a_damage_is_stated_and_what_precedes_it_is_kept(tmp_path):
    text = TEXTS["trainer-state"]
    cut = text[: text.index('"step": 7')]
    series = read_log(written(tmp_path, "trainer_state.json", cut))
    assert len(series.curve("loss")) == 6
    (fact,) = [f for f in series.facts if f.code == "truncated"]
    assert fact.line == cut.count("\n") + 1
    damaged = text.replace('"step": 7', '"step": }', 1)
    series = read_log(written(tmp_path, "trainer_state.json", damaged))
    assert len(series.curve("loss")) == 6
    (fact,) = [f for f in series.facts if f.code == "damaged"]
    assert damaged.split("\n")[fact.line - 1].strip().startswith('"step": }')


@settings(deadline=None)
@given(at=st.integers(0, 10_000), kind=st.sampled_from(sorted(TEXTS)))
def test_cut_anywhere_there_is_one_clear_answer(tmp_path_factory, at, kind):
    folder = tmp_path_factory.mktemp("cut")
    text = TEXTS[kind]
    file = written(folder, "some.log", text[: at % len(text)])
    try:
        series = read_log(file)
    except TrainingLogError as error:
        said = str(error)
    else:
        said = None
    if said is not None:
        assert said.startswith("some.log: ")
        return
    whole = read_log(written(folder, "whole.log", text))
    for name in ("loss", "lr"):
        if series.has(name):
            # What is read of a part is what the whole says, but for a cut last value.
            mine, full = series.curve(name).value, whole.curve(name).value
            np.testing.assert_allclose(mine[:-1], full[: max(len(mine) - 1, 0)])


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_bytes_of_any_kind_end_in_one_error(tmp_path_factory, raw):
    file = tmp_path_factory.mktemp("any") / "log.txt"
    file.write_bytes(raw)
    try:
        series = read_log(file)
    except ParentageError as error:
        series, said, code = None, str(error), error.exit_code
    if series is None:
        assert "\n" not in said
        assert code == 4
    else:
        assert series.rows >= 1


def test_unreadable_lines_are_named(tmp_path):
    text = "step,loss\n1,5.0\nnonsense\n2,4.9\n3,\xff\n4,nan\n"
    series = read_log(written(tmp_path, "a.csv", text))
    lines = {f.code: f.line for f in series.facts}
    assert lines["unreadable-line"] == 3
    assert lines["unreadable-value"] == 5
    assert lines["not-a-number"] == 6
    assert list(series.curve("loss").value) == [5.0, 4.9]


def test_wandb_files_say_how_to_export(tmp_path):
    file = tmp_path / "run-1.wandb"
    file.write_bytes(b":W&B\xe1\xbe\x00rest")
    with pytest.raises(TrainingLogError, match="download the history as CSV"):
        read_log(file)


def test_two_runs_in_a_table_must_be_told_apart(tmp_path):
    text = "Step,a - loss,b - loss\n1,5,6\n2,4,5\n"
    file = written(tmp_path, "a.csv", text)
    with pytest.raises(TrainingLogError, match="columns that could be the loss"):
        read_log(file)
    series = read_log(file, columns=Columns.model_validate({"loss": "b - loss"}))
    assert list(series.curve("loss").value) == [6, 5]
    with pytest.raises(TrainingLogError, match="has no column 'c'"):
        read_log(file, columns=Columns.model_validate({"loss": "c"}))


def test_memory_is_bounded_and_thinning_is_stated(tmp_path):
    text = "step,loss\n" + "".join(f"{n},{5 - n / 1e4:.5f}\n" for n in range(10_000))
    series = read_log(written(tmp_path, "a.csv", text), limit=1000)
    assert series.rows == 10_000
    assert len(series.lines) <= 1000
    assert series.stride == 16
    assert series.counts["thinned"] == 1
    np.testing.assert_array_equal(np.diff(series.curve("step").value), 16)


def test_rows_of_one_step_join_and_rows_that_clash_do_not():
    build = Builder("x", "csv")
    build.add(1, {"step": 1.0, "loss": 5.0})
    build.add(2, {"step": 1.0, "lr": 0.1})
    build.add(3, {"step": 1.0, "loss": 4.0})
    series = build.finish()
    assert series.rows == 2
    assert list(series.lines) == [1, 3]


def test_last_pass_is_what_training_went_on_from():
    series = read_log(FIXTURES / "resumed.csv")
    curve = series.curve("loss")
    assert len(curve) == 1700
    last = curve.last_pass()
    assert list(last.step) == list(range(1500))
    again = curve.value[900:1100]
    np.testing.assert_array_equal(last.value[700:900], again)


@pytest.mark.services
def test_event_files_against_the_library_that_writes_them(tmp_path):
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(tmp_path))
    for step in range(50):
        for tag, value in (("train/loss", 5 - step / 50), ("train/lr", 1e-3)):
            one = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
            writer.add_event(Event(step=step, wall_time=1.7e9 + step, summary=one))
    writer.close()
    (file,) = tmp_path.iterdir()
    series = read_log(file)
    assert series.rows == 50
    np.testing.assert_allclose(series.curve("lr").value, 1e-3, rtol=1e-6)
    assert series.curve("time").value[7] == 1.7e9 + 7
    raw = file.read_bytes()
    broken = bytearray(raw)
    broken[len(raw) // 2] ^= 0xFF
    damaged = tmp_path / "events.out.tfevents.2"
    damaged.write_bytes(broken)
    series = read_log(damaged)
    assert 0 < series.rows < 50
    assert series.counts["damaged"] == 1
    cut = tmp_path / "events.out.tfevents.3"
    cut.write_bytes(raw[: len(raw) // 2])
    assert 0 < read_log(cut).rows < 50


@pytest.mark.skipif("PARENTAGE_DATA" not in os.environ, reason="no real data")
def test_every_real_log_is_read():
    from parentage.evidence.log_subject import LogSubject
    from parentage.evidence.loss_checks import check_log

    folder = Path(os.environ["PARENTAGE_DATA"], "logs")
    files = [f for f in sorted(folder.rglob("*")) if f.is_file()]
    small = [
        f for f in files if f.stat().st_size < 200_000 and "tfevents" not in f.name
    ]
    assert len(small) > 100
    for file in small:
        series = read_log(file)
        assert series.rows, file
        wrong = [
            e.check
            for e in check_log(LogSubject(file.name, series))
            if e.outcome == "contradicted"
        ]
        assert not wrong, file
