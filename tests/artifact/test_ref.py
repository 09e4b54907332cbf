# SPDX-License-Identifier: Apache-2.0
"""Model references: what is understood, and that nothing of the text is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parentage.artifact.ref import ModelRef
from parentage.errors import UsageError

WORD = st.from_regex(
    r"[A-Za-z0-9][A-Za-z0-9._]{0,12}[A-Za-z0-9]", fullmatch=True
).filter(lambda text: ".." not in text)
REVISION = st.one_of(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{40}", fullmatch=True),
    st.integers(0, 99).map(lambda n: f"refs/pr/{n}"),
    st.just("release%2Fv1"),
)
REPO = st.builds("{}/{}".format, WORD, WORD)
INNER = st.lists(WORD, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
AT = st.one_of(st.just(""), REVISION.map("@{}".format))
HUB = st.one_of(
    st.builds("hf://{}{}{}".format, REPO, AT, st.one_of(st.just(""), INNER)),
    st.builds("hf://models/{}{}".format, REPO, AT),
    st.builds(
        "https://huggingface.co/{}/{}/{}{}{}".format,
        REPO,
        st.sampled_from(["tree", "blob", "resolve", "raw"]),
        REVISION,
        INNER,
        st.sampled_from(["", "?download=true"]),
    ),
    REPO.map("https://huggingface.co/{}".format),
)
WEB = st.builds(
    "{}://{}:{}{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["models.example", "127.0.0.1"]),
    st.integers(1, 65535),
    INNER,
    st.sampled_from(["", "/"]),
)
S3 = st.builds("s3://{}{}".format, WORD, st.one_of(st.just(""), INNER))
ONE = st.one_of(HUB, WEB, S3)
ANY = st.one_of(ONE, st.builds("{}+{}".format, ONE, ONE), st.text(max_size=30))


@given(ANY)
def test_the_text_comes_back(text):
    try:
        ref = ModelRef.parse(text)
    except UsageError:
        return
    assert str(ref) == text
    assert ModelRef.parse(str(ref)) == ref


@given(ONE)
def test_every_form_is_understood(text):
    assert ModelRef.parse(text).kind in {"hub", "web", "s3"}


@given(ONE, ONE)
def test_base_and_adapter(base, adapter):
    ref = ModelRef.parse(f"{base}+{adapter}")
    assert [str(part) for part in ref.parts] == [base, adapter]
    assert ref.remote


@pytest.mark.parametrize(
    ("text", "place", "revision", "path"),
    [
        ("org/name", "org/name", None, ""),
        ("gpt2", "gpt2", None, ""),
        ("org/name@main", "org/name", "main", ""),
        ("hf://org/name@refs/pr/3/sub/x.gguf", "org/name", "refs/pr/3", "sub/x.gguf"),
        ("https://huggingface.co/o/n/blob/main/a%20b.json", "o/n", "main", "a b.json"),
        ("https://huggingface.co/o/n/tree/v%2F1/x/", "o/n", "v/1", "x"),
    ],
)
def test_parts_of_hub_references(text, place, revision, path):
    ref = ModelRef.parse(text)
    found = (ref.kind, ref.place, ref.decoded_revision, ref.path)
    assert found == ("hub", place, revision, path)


def test_a_local_path_wins_if_it_is_there_and_looks_like_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org" / "name").mkdir(parents=True)
    (tmp_path / "gpt2").mkdir()
    assert ModelRef.parse("org/name").kind == "local"
    assert ModelRef.parse("org/other").kind == "hub"
    assert ModelRef.parse("gpt2").kind == "hub"
    assert ModelRef.parse("./gpt2").kind == "local"
    assert ModelRef.parse(Path("gpt2")).kind == "local"


@pytest.mark.parametrize(
    "text", ["model.safetensors", "weights/model.gguf", "a/b/c", "./x", "/none", "x+y"]
)
def test_mistyped_paths_are_not_looked_up(text):
    assert ModelRef.parse(text).kind == "local"


def test_the_endpoint_of_the_environment_shows_repositories(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:8910")
    ref = ModelRef.parse("http://127.0.0.1:8910/org/name/tree/main")
    assert (ref.kind, ref.place, ref.revision) == ("hub", "org/name", "main")


@pytest.mark.parametrize(
    "text",
    [
        "https://user:secret@host/x",
        "https://host/x?X-Amz-Signature=secret",
        "ftp://host/x",
        "hf://datasets/a/b",
        "hf://spaces/a/b",
        "s3:///x",
        "https://huggingface.co/datasets/a/b",
        "https://[broken/x",
    ],
)
def test_what_is_no_reference_is_refused_without_secrets(text):
    with pytest.raises(UsageError) as caught:
        ModelRef.parse(text)
    assert "secret" not in str(caught.value)
