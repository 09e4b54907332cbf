# SPDX-License-Identifier: Apache-2.0
"""Initialisers of ONNX files: names of layers, data outside, damage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parentage.artifact import open_checkpoint
from parentage.errors import UnsafePathError


@pytest.mark.parametrize("outside", [False, True])
def test_a_bundled_model(tmp_path, encoders, read_whole, check_rectangles, outside):
    encoders.onnx(tmp_path / "model.onnx", "decoder-a", outside=outside)
    expected = encoders.weights("decoder-a")
    with open_checkpoint(tmp_path) as model:
        assert set(model.entries) == set(expected)
        for name, array in expected.items():
            np.testing.assert_array_equal(read_whole(model, name), array)
        check_rectangles(model, "model.layers.2.mlp.up_proj.weight")
        before = model.bytes_read
        model.read_float32(
            "model.layers.2.mlp.up_proj.weight", (256, 96), ((3, 7), (9, 19))
        )
        assert model.bytes_read - before == 4 * 4 * 10
        assert len(model.full_digest()) == 1 + outside


@pytest.mark.parametrize("outside", [False, True])
def test_a_file_of_the_library(tmp_path, read_whole, outside):
    onnx = pytest.importorskip("onnx")
    rng = np.random.default_rng(0)
    arrays = {
        "a": rng.standard_normal((40, 30)).astype(np.float32),
        "b": rng.standard_normal((7, 3)).astype(np.float16),
        "c": rng.standard_normal(5),
        "d": np.arange(6).reshape(2, 3),
    }
    tensors = [onnx.numpy_helper.from_array(v, k) for k, v in arrays.items()]
    listed = onnx.helper.make_tensor("e", onnx.TensorProto.FLOAT, [2], [1.5, 2.5])
    node = onnx.helper.make_node("MatMul", ["x", "a"], ["y"], name="/l/p/MatMul")
    graph = onnx.helper.make_graph([node], "g", [], [], [*tensors, listed])
    onnx.save_model(
        onnx.helper.make_model(graph),
        str(tmp_path / "m.onnx"),
        save_as_external_data=outside,
        size_threshold=100,
        location="m.data",
    )
    with open_checkpoint(tmp_path / "m.onnx") as model:
        assert set(model.entries) == {*arrays, "e"}
        np.testing.assert_array_equal(read_whole(model, "a"), arrays["a"].T)
        for name in "bcd":
            found = read_whole(model, name)
            np.testing.assert_array_equal(found, arrays[name].astype(np.float32))
        assert read_whole(model, "e").tolist() == [1.5, 2.5]


def test_names_of_other_exporters(tmp_path, encoders):
    array = np.ones((2, 3), np.float32)
    tensors = [
        encoders.onnx_tensor(n, array)
        for n in ("model.layers.0.attn.q_proj.MatMul.weight", "onnx::MatMul_1", "w")
    ]
    nodes = [
        ("x", "model.layers.0.attn.q_proj.MatMul.weight", "/a/MatMul"),
        ("x", "onnx::MatMul_1", "MatMul_1"),
    ]
    encoders.onnx_file(tmp_path / "m.onnx", tensors, nodes)
    with open_checkpoint(tmp_path) as model:
        assert {n: e.shape for n, e in model.entries.items()} == {
            "model.layers.0.attn.q_proj.weight": (3, 2),
            "onnx::MatMul_1": (3, 2),
            "w": (2, 3),
        }


PLAIN = np.ones((2, 2), np.float32)


def outside(**place):
    return {"location": "d", "offset": 0, "length": 16} | place


def damaged(e):
    t, m = e.onnx_tensor, e.message
    sound = t("a", PLAIN)

    def graph(*tensors):
        return m((7, m(*((5, x) for x in tensors))))

    return {
        "empty": b"",
        "no graph": m((1, 8)),
        "two graphs": graph(sound) * 2,
        "no weights": graph(),
        "too few bytes": graph(m((1, 2), (1, 3), (2, 1), (8, "a"), (9, bytes(16)))),
        "large shape": graph(m((1, 2**40), (1, 2**40), (2, 1), (8, "a"), (9, b"x"))),
        "negative shape": graph(m((1, 2**64 - 1), (2, 1), (8, "a"), (9, b"x"))),
        "many axes": graph(m(*[(1, 1)] * 100, (2, 1), (8, "a"), (9, bytes(4)))),
        "twice": graph(sound, sound),
        "long name": graph(m((1, 1), (2, 1), (8, "a" * 5000), (9, bytes(4)))),
        "name not UTF-8": graph(m((1, 1), (2, 1), (8, b"\xff"), (9, bytes(4)))),
        "field 0": m((7, b"\x00")),
        "group": m((7, b"\x0b")),
        "long field": b"\x3a\xff\xff\xff\xff\xff\x7f",
        "endless number": b"\x3a" + b"\xff" * 20,
        "upwards": graph(t("a", PLAIN, outside(location="../secret"))),
        "absolute": graph(t("a", PLAIN, outside(location="/etc/passwd"))),
        "link": graph(t("a", PLAIN, outside(location="link"))),
        "absent": graph(t("a", PLAIN, outside(location="none"))),
        "folder": graph(t("a", PLAIN, outside(location="."))),
        "offset outside": graph(t("a", PLAIN, outside(offset=1))),
        "offset huge": graph(t("a", PLAIN, outside(offset=10**30))),
        "offset negative": graph(t("a", PLAIN, outside(offset=-1))),
        "length wrong": graph(t("a", PLAIN, outside(length=8))),
    }


NAMES = (
    "empty", "no graph", "two graphs", "no weights", "too few bytes", "large shape",
    "negative shape", "many axes", "twice", "long name", "name not UTF-8", "field 0",
    "group", "long field", "endless number", "upwards", "absolute", "link", "absent",
    "folder", "offset outside", "offset huge", "offset negative", "length wrong",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_damaged(tmp_path, encoders, refused, name):
    made = damaged(encoders)
    assert tuple(made) == NAMES
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(bytes(16))
    (folder / "link").symlink_to("../secret")
    (folder / "d").write_bytes(bytes(16))
    (folder / "m.onnx").write_bytes(made[name])
    with refused() as caught:
        open_checkpoint(folder)
    if name in {"upwards", "absolute", "link"}:
        assert isinstance(caught[0], UnsafePathError)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_mutations(tmp_path, encoders, survives, data):
    (tmp_path / "d").write_bytes(bytes(32))
    tensors = [
        encoders.onnx_tensor("a", PLAIN),
        encoders.onnx_tensor("b", PLAIN, outside()),
    ]
    path = encoders.onnx_file(
        tmp_path / "m.onnx", tensors, [("x", "a", "/q/MatMul"), ("x", "b", "/MatMul")]
    )
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + 1] = data.draw(st.binary(max_size=4))
    path.write_bytes(bytes(content))
    assert survives(path)
