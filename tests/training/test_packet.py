# SPDX-License-Identifier: Apache-2.0
"""Packets: every mistake at once, nothing outside the folder, digests that bite."""

import hashlib
import json
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.errors import PacketError, UnsafePathError
from parentage.training.compute import accelerator, accelerators, tokens_of
from parentage.training.digests import check_digests, write_digests
from parentage.training.manifest import StagePart
from parentage.training.packet import ManifestError, open_packet, parse_manifest
from parentage.training.pieces import pieces, present
from parentage.training.template import template_text, write_template

HEAD = 'schema = "parentage.packet/1"\n[model]\nname = "m"\n'


def test_template_is_valid_and_every_comment_in_it_too():
    parse_manifest(template_text().encode())
    # Uncommented as a whole, with counts of at least one, it is a valid manifest too.
    text = "\n".join(
        line.removeprefix("# ")
        if (line.startswith("# ") and "=" in line) or line.startswith("# [")
        else line
        for line in template_text().splitlines()
    )
    text = text.replace(" = 0\n", " = 7\n").replace("= 0 ", "= 7 ")
    text = text.replace("= 0.0 ", "= 7.0 ").replace(
        'sha256 = ""', f'sha256 = "{"0" * 64}"'
    )
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text.encode())
    # What is left are empty values that a team has to fill in, not unknown fields.
    assert not [p for p in caught.value.problems if "no field" in p]


def test_all_mistakes_are_listed_at_once():
    text = HEAD + 'size = 3\n[[checkpoints]]\nstep = -1\n[[stages]]\nname = "a"\n'
    text += 'kind = "pretrain"\nsteps = "many"\n[initialisation]\ncode_sha256 = "x"\n'
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text.encode())
    fields = [p.split(":")[0] for p in caught.value.problems]
    assert fields == [
        *("model.size", "initialisation.code_sha256", "stages.0.kind"),
        *("stages.0.steps", "checkpoints.0.step"),
    ]
    assert "7 mistakes" not in str(caught.value)
    assert caught.value.to_json()["problems"] == list(caught.value.problems)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\xff", "not UTF-8 at byte 0"),
        (b"schema = ", "not readable"),
        (b"[model]\nname='x'", "no `schema`"),
        (b"schema = 'parentage.packet/2'", "schema 'parentage.packet/2'"),
        (b"a = " + b"[" * 5000, "not readable"),
        (
            HEAD.encode() + b"[[checkpoints]]\nstep=2\nweights='a'\n"
            b"[[checkpoints]]\nstep=1\nweights='b'",
            "must grow",
        ),
        (HEAD.encode() + b"[[checkpoints]]\nstep=2", "needs `weights` or"),
    ],
)
def test_malformed_manifests_end_in_one_line(raw, said):
    with pytest.raises(PacketError) as caught:
        parse_manifest(raw)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_a_manifest_or_one_error(text):
    with pytest.raises(PacketError):
        parse_manifest(text.encode("utf-8", "surrogatepass"))


def packet_of(folder, text=HEAD):
    (folder / "packet.toml").write_text(text, encoding="utf-8")
    return open_packet(folder)


def test_files_that_cannot_be_used_are_facts(tmp_path):
    (tmp_path / "empty.log").touch()
    text = HEAD + '[[stages]]\nname="a"\nkind="pretraining"\n'
    for path in ("gone.log", "../../etc/passwd", "empty.log"):
        text += f'[[stages.logs]]\npath="{path}"\n'
    packet = packet_of(tmp_path, text)
    assert [p.code for p in packet.problems] == ["absent", "unsafe", "empty"]
    assert packet.problems[1].field == "stages.0.logs.1.path"
    with pytest.raises(UnsafePathError):
        packet.file("../../etc/passwd")
    assert not present(packet)["log"]


def test_digests_agree_with_sha256sum_and_find_every_change(tmp_path):
    packet = packet_of(tmp_path)
    (tmp_path / "logs").mkdir()
    for name in ("a", "logs/b c", "logs/한글"):
        (tmp_path / name).write_bytes(name.encode())
    write_digests(packet)
    command = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0
    found = check_digests(packet)
    assert set(found.equal) == {"a", "logs/b c", "logs/한글", "packet.toml"}
    listed = (tmp_path / "SHA256SUMS").read_bytes()
    assert found.listed == hashlib.sha256(listed).hexdigest()
    (tmp_path / "a").write_bytes(b"changed")
    (tmp_path / "logs/b c").unlink()
    (tmp_path / "new").touch()
    found = check_digests(packet)
    assert (found.changed, found.absent) == (("a",), ("logs/b c",))
    assert found.unlisted == ("new",)
    (tmp_path / "SHA256SUMS").write_text("0" * 64 + "  ../../etc/passwd\nnonsense\n")
    found = check_digests(packet)
    assert found.absent == ("../../etc/passwd",)
    assert found.malformed == (2,)


def test_template_never_replaces_a_manifest(tmp_path):
    assert write_template(tmp_path / "new")
    (tmp_path / "new/packet.toml").write_text(HEAD)
    assert not write_template(tmp_path / "new")
    assert (tmp_path / "new/packet.toml").read_text() == HEAD


def test_json_manifest_is_the_same_manifest(tmp_path):
    data = {"schema": "parentage.packet/1", "model": {"name": "m"}}
    (tmp_path / "packet.json").write_text(json.dumps(data))
    assert open_packet(tmp_path).manifest == packet_of(tmp_path).manifest


def test_pieces_cover_what_present_answers(tmp_path):
    assert list(present(packet_of(tmp_path))) == list(pieces())


def test_accelerators_are_found_by_the_names_people_use():
    for name in ("NVIDIA H100 SXM5", "h100", "H100-80GB", "H100-SXM"):
        assert accelerator(name).id == "H100-SXM"
    assert accelerator("Google Cloud TPU v5p").id == "TPU-v5p"
    assert accelerator("abacus") is None
    for found in accelerators().values():
        assert found.source
        assert found.peaks.get("bf16", found.peaks.get("fp16")) > 1e13


def test_tokens_follow_changes_of_the_batch():
    stage = {"name": "a", "kind": "pretraining", "steps": 100, "sequence_length": 10}
    plain = StagePart.model_validate({**stage, "batch_size": 4})
    assert tokens_of(plain) == 4000
    changes = [{"from_step": 50, "batch_size": 8}, {"from_step": 500, "batch_size": 9}]
    ramped = plain.model_copy(
        update={
            "batch_changes": StagePart.model_validate(
                {**stage, "batch_changes": changes}
            ).batch_changes
        }
    )
    assert tokens_of(ramped) == 50 * 4 * 10 + 50 * 8 * 10
