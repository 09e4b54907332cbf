# SPDX-License-Identifier: Apache-2.0
"""Documents of two tokenizers, two architectures, and a model's nearest ones."""

import json
import os
import shutil
import tomllib
from pathlib import Path

import jsonschema
import pytest

from parentage.errors import ConfigError, ParentageError, UsageError
from parentage.report.lineage_schema import DOCUMENTS, schema_text, shipped_schema
from parentage.run.lineage_architecture import compare_architecture_files
from parentage.run.lineage_nearest import nearest_known
from parentage.run.lineage_tokenizer import compare_tokenizer_files

ROOT = Path(__file__).parents[2]
ZOO = ROOT / "zoo" / "models"


@pytest.fixture(name="data", scope="session")
def data_fixture():
    root = os.environ.get("PARENTAGE_DATA")
    if not root or not (Path(root) / "tokenizers").is_dir():
        pytest.skip("PARENTAGE_DATA names no folder of real tokenizers and configs")
    return Path(root)


@pytest.fixture(name="facts")
def facts_fixture(tmp_path):
    """Configs that were typed in from published sources, as files."""
    file = ROOT / "background" / "architecture_facts.toml"
    data = tomllib.loads(file.read_text(encoding="utf-8"))

    def write(name):
        config = next(m["config"] for m in data["model"] if m["name"] == name)
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        return path

    return write


def config(folder, name="config.json", **changes):
    plain = {
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "vocab_size": 32000,
        "rms_norm_eps": 1e-5,
        "hidden_act": "silu",
        **changes,
    }
    path = folder / name
    path.write_text(json.dumps(plain), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", DOCUMENTS)
def test_shipped_schema_is_that_of_the_code(name):
    assert shipped_schema(name) == schema_text(name)


def valid(document, name):
    plain = json.loads(document.to_json())
    jsonschema.validate(plain, json.loads(shipped_schema(name)))
    assert type(document).model_validate(plain) == document
    return plain


def test_documents_fit_their_schemas(tmp_path):
    a, b = ZOO / "decoder-a", ZOO / "vlm-donor"
    found = valid(compare_tokenizer_files(a, b), "tokenizer-1.schema.json")
    assert "never evidence about weights" in found["caveat"]
    found = valid(compare_architecture_files(a, b), "config-1.schema.json")
    assert "never evidence about weights" in found["caveat"]
    found = valid(nearest_known(a), "nearest-1.schema.json")
    assert len(found["tokenizer_nearest"]["nearest"]) == 5


def test_counts_of_a_pair_add_up():
    pair = compare_tokenizer_files(ZOO / "decoder-a", ZOO / "vlm-donor").pair
    numbers = {n.id: n for n in pair.numbers}
    assert numbers["overlap-a"].out_of == pair.a.regular
    assert numbers["overlap-b"].out_of == pair.b.regular
    assert numbers["jaccard"].out_of == (
        pair.a.regular + pair.b.regular - numbers["jaccard"].count
    )
    assert sum(s.a for s in pair.scripts) == pair.a.regular
    assert sum(s.shared for s in pair.scripts) == numbers["jaccard"].count
    assert pair.only_a.tokens == pair.a.regular - numbers["jaccard"].count
    assert all(0 <= n.count <= n.out_of for n in pair.numbers)
    for shown in pair.background:
        assert list(shown.independent) == sorted(shown.independent)


def test_a_model_states_its_parameters_and_the_tensors_agree():
    info = compare_architecture_files(ZOO / "moe-a", ZOO / "moe-b").pair.a
    assert info.read_from == "tensors and config"
    assert info.stored.total == info.stored.counted == info.components[0].count.total


def test_a_config_that_the_tensors_deny_is_a_contradiction(tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(ZOO / "decoder-a", folder)
    stated = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    stated["num_hidden_layers"] += 5
    (folder / "config.json").write_text(json.dumps(stated), encoding="utf-8")
    info = compare_architecture_files(folder, ZOO / "decoder-a").pair.a
    (one,) = [c for c in info.contradictions if c.field == "num_hidden_layers"]
    assert one.stated == one.shapes + 5


def test_two_sizes_of_one_design(tmp_path):
    a = config(tmp_path, "a.json")
    b = config(tmp_path, "b.json", num_hidden_layers=40)
    (found,) = compare_architecture_files(a, b).pair.components
    assert found.difference == "quantitative"
    assert found.derived.complete
    assert found.derived.steps == ("depth",)


def test_folders_with_either_config(tmp_path):
    for name in ("config.json", "params.json"):
        folder = tmp_path / name.split(".")[0]
        folder.mkdir()
        config(folder, name)
    pair = compare_architecture_files(tmp_path / "config", tmp_path / "params").pair
    assert pair.components[0].difference == "none"
    assert pair.a.read_from == "config"


def test_nothing_there_is_one_error(tmp_path):
    (tmp_path / "readme.txt").write_text("nothing")
    with pytest.raises(ConfigError, match="holds no architecture"):
        compare_architecture_files(tmp_path, tmp_path)
    with pytest.raises(ParentageError, match="holds no architecture"):
        nearest_known(tmp_path)
    with pytest.raises(ParentageError, match="no_such"):
        nearest_known(tmp_path / "no_such")
    with pytest.raises(ParentageError, match="holds no tokenizer"):
        compare_tokenizer_files(tmp_path, tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\x00" * 64, b'{"hidden_size": "x"}', b"GGUF" + b"\xff" * 64],
)
def test_hostile_configs_end_in_one_error(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(ParentageError):
        compare_architecture_files(path, path)


def test_nearest_with_one_of_the_two(tmp_path):
    found = nearest_known(config(tmp_path))
    assert found.tokenizer is None
    assert [m.code for m in found.missing] == ["unreadable"]
    component = found.architecture_nearest[0]
    # The design that nearly everybody took over: found, and no sign of anything.
    assert component.nearest[0].reference.startswith("meta-llama/")
    assert component.nearest[0].different_bits == 0
    assert component.word == "common"


def test_nearest_asks_only_earlier_families(tmp_path):
    path = config(tmp_path)
    found = nearest_known(path, before="2023-06").architecture_nearest[0]
    assert found.nearest
    assert all(one.released < "2023-06" for one in found.nearest)
    all_of_them = nearest_known(path, count=100).architecture_nearest[0]
    assert any(one.released >= "2023-06" for one in all_of_them.nearest)


def test_excluding_nobody_by_mistake_is_an_error(tmp_path):
    path = config(tmp_path)
    with pytest.raises(UsageError, match="no known architecture"):
        nearest_known(path, exclude=["nobody"])
    owners = {
        one.reference.split("/")[0]
        for one in nearest_known(path, count=100, exclude=["meta-llama"])
        .architecture_nearest[0]
        .nearest
    }
    assert "meta-llama" not in owners


def relation(data, a, b):
    folder = data / "tokenizers"
    return compare_tokenizer_files(folder / a, folder / b).pair


def test_real_extension_keeps_ids(data):
    found = relation(
        data, "llama-factory-fork-model/tokenizer.model", "llama2/tokenizer.model"
    )
    assert found.finding.relation == "same-with-additions"
    assert found.finding.ids == "equal"
    assert found.only_b.tokens == 0
    (block,) = found.only_a.largest
    assert (block.first, block.at_end) == (32000, True)


def test_real_extension_with_moved_ids(data):
    found = relation(data, "qwen/qwen.tiktoken", "openai/cl100k_base.tiktoken")
    assert found.finding.relation == "same-with-additions"
    assert found.finding.offset == 1100
    numbers = {n.id: n for n in found.numbers}
    assert numbers["overlap-b"].share == pytest.approx(0.989, abs=1e-3)


def test_real_independent_tokenizers(data):
    found = relation(data, "exaone-3.5", "glm-4/glm-4-9b-chat.tokenizer.model.tiktoken")
    assert found.finding.relation == "trained-separately"
    hangul = next(s for s in found.scripts if s.script == "hangul")
    assert hangul.a > 30 * hangul.b


def test_real_format_does_not_matter(data):
    found = relation(data, "llama2/tokenizer.model", "llama2/ggml-vocab-llama-spm.gguf")
    assert found.finding.relation == "identical"
    assert found.a.digest == found.b.digest


def test_published_facts_of_one_model_and_a_real_config(data, facts):
    reference = data / "configs" / "deepseek-ai--DeepSeek-V3_config.json"
    document = compare_architecture_files(
        facts("A.X-K1"), reference, exclude=["skt", "deepseek-ai"]
    )
    (found,) = document.pair.components
    rows = {row.field: row for row in found.fields}
    assert rows["kv_lora_rank"].relation == "equal"
    assert rows["num_routed_experts"].relation == "different"
    assert found.word == "near"
    ahead = nearest_known(facts("A.X-K1"), exclude=["skt"], before="2025-12")
    nearest = ahead.architecture_nearest[0].nearest[0]
    assert nearest.reference.startswith(("deepseek-ai/", "moonshotai/"))


def test_real_vision_encoders_of_two_makers(data):
    configs = data / "configs"
    document = compare_architecture_files(
        configs / "LGAI-EXAONE--EXAONE-4.5-33B_config.json",
        configs / "tt--Qwen2.5-VL-32B-Instruct_config.json",
    )
    kinds = {c.kind: c for c in document.pair.components}
    assert kinds["text_decoder"].word == "own"
    assert kinds["vision_encoder"].word == "near"
