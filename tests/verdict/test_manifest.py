# SPDX-License-Identifier: Apache-2.0
import json
import tomllib

import pytest

from parentage.errors import DeclarationError
from parentage.verdict.manifest import load_manifest

GOOD = """\
schema = "parentage.manifest/1"
model = "mine"
licence = "Apache-2.0"

[[components]]
component = "decoder-weights"
provenance = "own"
initialisation = "seed 7"

[[components]]
component = "encoder-weights"
module = "vision_encoder"
provenance = "frozen-external"
source = "someone/encoder"
licence = "Apache-2.0"
share = 0.02
trainable_steps = 0

[[releases]]
item = "training-code"
published = false
"""


def test_toml_and_json_are_the_same(tmp_path):
    (tmp_path / "m.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "m.json").write_text(json.dumps(tomllib.loads(GOOD)))
    a, b = (load_manifest(tmp_path / f"m.{s}") for s in ("toml", "json"))
    assert a.manifest == b.manifest
    assert a.manifest.components[1].source == "someone/encoder"


def test_all_errors_at_once_with_their_lines(tmp_path):
    text = (
        GOOD.replace('"decoder-weights"', '"brain"')
        .replace('source = "someone/encoder"\n', "")
        .replace("share = 0.02", "share = 2.0")
        .replace("trainable_steps = 0", "trainable_steps = 9")
    )
    file = tmp_path / "m.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError, match="4 problems") as caught:
        load_manifest(file)
    rows = text.splitlines()
    where = {what: rows[line - 1] for line, what in caught.value.problems}
    assert any("brain" in row for row in where.values())
    assert next(r for w, r in where.items() if "share" in w) == "share = 2.0"
    steps = next(r for w, r in where.items() if "frozen, but trained" in w)
    assert steps == "trainable_steps = 9"
    assert next(r for w, r in where.items() if "'source'" in w) == "[[components]]"


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("m.json", b"[]"),
        ("m.json", b"{"),
        ("m.json", b'{"schema": "parentage.manifest/9"}'),
        ("m.toml", b"\xff"),
        ("m.toml", b"a ="),
    ],
)
def test_refuses(tmp_path, name, raw):
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(DeclarationError):
        load_manifest(tmp_path / name)


def test_missing(tmp_path):
    with pytest.raises(DeclarationError, match="cannot be read"):
        load_manifest(tmp_path / "none.toml")
