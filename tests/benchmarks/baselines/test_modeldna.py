# SPDX-License-Identifier: Apache-2.0
"""The wrapper of modelDNA, on a stand-in for its command."""

import json
import os

import pytest
from benchmarks.accuracy.baselines import modeldna

ANSWER = {
    "verdict": {
        "verdict": "SAME_FAMILY_UNRESOLVED",
        "probability": 0.848,
        "notes": ["suggestive, not conclusive"],
        "candidates": [{"ruled_out": None}],
    }
}
RULED_OUT = {
    "verdict": {
        "verdict": "NO_MATCH",
        "probability": None,
        "notes": ["may not be indexed"],
        "candidates": [{"ruled_out": "layer count mismatch"}],
    }
}


@pytest.fixture
def tool(tmp_path):
    """A command that counts its calls and prints an answer."""

    def write(answer, code=0):
        (tmp_path / "answer").write_text(answer)
        command = tmp_path / "modeldna"
        command.write_text(
            "#!/bin/sh\n"
            f"echo $@ $HF_HUB_OFFLINE $(ls suspect/ candidate/) >> {tmp_path}/calls\n"
            f"cat {tmp_path}/answer\necho noise >&2\nexit {code}\n"
        )
        command.chmod(0o755)
        return command

    return write


@pytest.fixture
def models(tmp_path):
    folders = []
    for name in ("child", "mother"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text(name)
        folders.append(folder)
    return folders


def test_verdict_is_taken_as_it_is_and_kept_by_content(tmp_path, tool, models):
    command = tool(json.dumps(ANSWER))
    cache = tmp_path / "cache"
    first = modeldna.run(*models, cache, command=command)
    assert (first.word, first.probability) == ("SAME_FAMILY_UNRESOLVED", 0.848)
    assert (first.exit_code, first.cached, first.related) == (0, False, False)
    assert first.reason == "suggestive, not conclusive"
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert call.startswith("compare suspect candidate --json 1")
    assert "child" in call
    assert "mother" in call
    os.utime(models[0] / "child")  # only content counts
    again = modeldna.run(*models, cache, command=command)
    assert again.cached
    assert len((tmp_path / "calls").read_text().splitlines()) == 1
    assert again.probability == first.probability
    (models[0] / "child").write_text("grown")
    assert not modeldna.run(*models, cache, command=command).cached


def test_ruled_out_and_failed(tmp_path, tool, models):
    found = modeldna.run(*models, tmp_path / "a", command=tool(json.dumps(RULED_OUT)))
    assert (found.word, found.probability) == ("NO_MATCH", None)
    assert found.reason == "layer count mismatch; may not be indexed"
    found = modeldna.run(*models, tmp_path / "b", command=tool("", code=1))
    assert (found.word, found.probability, found.exit_code) == (None, None, 1)
    assert found.reason == "noise"
    assert not found.related


@pytest.mark.parametrize("word", sorted(modeldna.LINEAGE))
def test_lineage_words(word):
    answer = {"verdict": ANSWER["verdict"] | {"verdict": word}}
    assert modeldna.parse(json.dumps(answer), "", 0, 0.1).related
