# SPDX-License-Identifier: Apache-2.0
"""``fingerprint``, ``registry``, ``screen`` and ``pairs`` in this process."""

import json
import zipfile
from importlib.util import find_spec

import jsonschema
import pytest

from parentage.registry.container import read_fingerprint
from parentage.report.screen_document import shipped_schema

SIZE = ("--size", "300kB")
NAMES = ("decoder-a", "decoder-b", "decoder-a-finetuned")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    """Nothing of the user's is read or written."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("PARENTAGE_DATABASE_URL", raising=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory, models):
    """Files of fingerprints by name."""
    from parentage.run.fingerprint import fingerprint, write_fingerprint

    folder = tmp_path_factory.mktemp("fingerprints")
    for name in NAMES:
        write_fingerprint(fingerprint(models / name, size=300_000), folder / name)
    return {name: folder / name for name in NAMES}


@pytest.fixture
def url(tmp_path):
    return str(tmp_path / "registry.db")


def document(result, schema):
    """The JSON document of a command, which its schema must allow."""
    found = json.loads(result.out)
    jsonschema.validate(found, json.loads(shipped_schema(f"{schema}.schema.json")))
    return found


def refused(run, code, *words):
    """One line on stderr, and with --json the same error as data."""
    plain = run(*words)
    assert plain.code == code
    assert plain.err.startswith("parentage: error: ")
    assert plain.err.count("\n") == 1
    assert plain.out == ""
    again = run(*words, "--json")
    assert again.code == code
    error = json.loads(again.out)["error"]
    assert error["exit_code"] == code
    return error


def test_a_fingerprint_is_written_and_described(run, models, tmp_path):
    file = tmp_path / "f"
    first = run("fingerprint", models / "decoder-a", "-o", file, *SIZE, "--json")
    assert first.code == 0
    info = document(first, "fingerprint-info-1")
    held = read_fingerprint(file)
    assert info["size"] == file.stat().st_size <= 300_000
    assert info["parameters"] == held.parameters
    assert sum(m["values"] for m in info["modules"]) == held.values
    assert info["seed"] == 0
    # The file itself is described alike.
    again = document(run("fingerprint", file, "--json"), "fingerprint-info-1")
    assert again["digest"] == info["digest"]
    shown = run("fingerprint", file)
    assert (shown.code, shown.err) == (0, "")
    assert "decoder-a" in shown.out
    assert info["digest"][:8] in shown.out
    assert run("fingerprint", file, "--lang", "ko").out != shown.out


def test_fingerprints_of_a_list(run, models, tmp_path):
    listed, out = tmp_path / "list", tmp_path / "out"
    listed.write_text(f"# two\n{models / 'moe-a'}\n\n/nowhere/at/all\n")
    words = ("fingerprint", "--list", listed, "--output", out, "--workers", "1", *SIZE)
    found = run(*words, "--json")
    assert found.code == 3
    rows = document(found, "batch-1")["rows"]
    assert [row["error"] is None for row in rows] == [True, False]
    assert read_fingerprint(rows[0]["file"]).identity.name == "moe-a"
    listed.write_text(f"{models / 'moe-a'}\n")
    assert run(*words).code == 0


def test_a_fingerprint_of_nothing_is_a_mistake(run, models, tmp_path):
    model = models / "decoder-a"
    for words in (
        ("fingerprint", model, "--size", "5MB"),
        ("fingerprint", model, "--list", tmp_path / "x"),
        ("fingerprint", "--list", tmp_path / "x"),
        ("fingerprint", "--list", tmp_path / "x", "--output", tmp_path / "y"),
        ("fingerprint", model, "-o", tmp_path / "no" / "folder", *SIZE),
    ):
        assert refused(run, 2, *words)["message"]
    assert refused(run, 4, "fingerprint", model, "--size", "5kB")["file"]


def hostile(file, kind):
    """A file of a fingerprint, spoilt."""
    data = file.read_bytes()
    if kind == "cut":
        return data[: len(data) // 2]
    if kind == "flipped":
        middle = len(data) - 1000
        return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    if kind == "of another version":
        old = b"parentage.fingerprint/1"
        return data.replace(old, b"parentage.fingerprint/9")
    if kind == "too large":
        return data + bytes(4_000_000)
    if kind == "a name that drives the terminal":
        return data.replace(b'"values.', b'"\x1b[31m.', 1)
    return b""


@pytest.mark.parametrize(
    "kind",
    [
        "cut",
        "flipped",
        "of another version",
        "too large",
        "empty",
        "a name that drives the terminal",
    ],
)
def test_hostile_fingerprints_end_in_one_error(run, made, url, tmp_path, kind):
    bad = tmp_path / "bad"
    bad.write_bytes(hostile(made["decoder-a"], kind))
    run("registry", "add", made["decoder-b"], "--registry", url)
    for words in (
        ("fingerprint", bad),
        ("registry", "add", made["decoder-a"], bad, "--registry", url),
        ("screen", bad, "--registry", url),
    ):
        error = refused(run, 4, *words)
        assert "bad" in str(error["file"])
        assert "\x1b" not in json.dumps(error)
    # All or nothing: the good one beside the bad one was not added.
    listed = document(
        run("registry", "list", "--registry", url, "--json"), "registry-1"
    )
    assert [row["name"] for row in listed["rows"]] == ["decoder-b"]


def test_a_registry_from_first_to_last(run, made, url, tmp_path):
    at = ("--registry", url)
    empty = document(run("registry", "list", *at, "--json"), "registry-1")
    assert (empty["count"], empty["rows"]) == (0, [])
    added = run("registry", "add", *made.values(), *at, "--json")
    assert added.code == 0
    found = document(added, "registry-1")
    assert (found["count"], found["changed"]) == (3, 3)
    again = document(
        run("registry", "add", *made.values(), *at, "--json"), "registry-1"
    )
    assert (again["count"], again["changed"]) == (3, 0)
    listed = document(run("registry", "list", *at, "--json"), "registry-1")
    assert [row["name"] for row in listed["rows"]] == list(NAMES)
    one = document(
        run("registry", "list", "--name", "decoder-b", *at, "--json"), "registry-1"
    )
    assert [row["name"] for row in one["rows"]] == ["decoder-b"]
    text = run("registry", "list", *at)
    assert text.code == 0
    assert all(name in text.out for name in NAMES)
    digest = listed["rows"][0]["digest"]
    for word in ("decoder-a", digest[:12]):
        shown = document(
            run("registry", "show", word, *at, "--json"), "fingerprint-info-1"
        )
        assert shown["digest"] == digest
    assert refused(run, 4, "registry", "show", "nobody", *at)["advice"]

    archive = tmp_path / "all.zip"
    exported = document(run("registry", "export", archive, *at, "--json"), "registry-1")
    assert exported["changed"] == 3
    assert len(zipfile.ZipFile(archive).namelist()) == 4
    other = ("--registry", str(tmp_path / "other.db"))
    taken = document(run("registry", "import", archive, *other, "--json"), "registry-1")
    assert (taken["count"], taken["changed"]) == (3, 3)
    copied = document(run("registry", "list", *other, "--json"), "registry-1")
    assert {r["digest"] for r in copied["rows"]} == {
        r["digest"] for r in listed["rows"]
    }

    # Of several words either all are removed or none.
    assert refused(run, 4, "registry", "remove", "decoder-a", "nobody", *other)
    assert (
        document(run("registry", "list", *other, "--json"), "registry-1")["count"] == 3
    )
    gone = document(
        run("registry", "remove", "decoder-a", digest[:10], *other, "--json"),
        "registry-1",
    )
    assert (gone["count"], gone["changed"]) == (2, 1)
    assert run("registry", "verify", *other).code == 0
    assert (
        document(run("registry", "verify", *at, "--json"), "registry-1")["problems"]
        == []
    )


def test_a_damaged_archive_adds_nothing(run, made, url, tmp_path):
    archive = tmp_path / "a.zip"
    run("registry", "add", made["decoder-a"], "--registry", url)
    assert run("registry", "export", archive, "--registry", url).code == 0
    data = archive.read_bytes()
    at = ("--registry", str(tmp_path / "other.db"))
    for bad in (data[: len(data) // 2], data[:2000] + b"!" + data[2001:], b"PK", b""):
        archive.write_bytes(bad)
        assert refused(run, 4, "registry", "import", archive, *at)["advice"]
        assert (
            document(run("registry", "list", *at, "--json"), "registry-1")["count"] == 0
        )


def test_verify_names_what_was_changed(run, made, url):
    import sqlite3

    run("registry", "add", *made.values(), "--registry", url)
    with sqlite3.connect(url) as database:
        (file,) = database.execute("SELECT file FROM contents LIMIT 1").fetchone()
        bad = file[:-5] + bytes([file[-5] ^ 255]) + file[-4:]
        database.execute("UPDATE contents SET file = ? WHERE file = ?", (bad, file))
    database.close()
    checked = run("registry", "verify", "--registry", url, "--json")
    assert checked.code == 1
    (problem,) = document(checked, "registry-1")["problems"]
    assert "decoder-a" in problem
    assert "decoder-a" in run("registry", "verify", "--registry", url).out


def test_registries_that_cannot_be_used(run, made, tmp_path):
    (tmp_path / "text").write_text("no database, but long enough to be looked at")
    assert refused(run, 4, "registry", "list", "--registry", tmp_path / "text")
    assert refused(run, 2, "registry", "list", "--registry", "mysql://x@y/z")
    secret = "postgresql://me:hidden@127.0.0.1:1/none"
    # Without the driver, an extra, the server is not even asked.
    code = 4 if find_spec("psycopg") else 2
    error = refused(run, code, "registry", "list", "--registry", secret)
    assert "hidden" not in json.dumps(error)


def test_screening_finds_the_parent_and_clears_a_stranger(run, made, models, url):
    at = ("--registry", url)
    run("registry", "add", made["decoder-a"], *at)
    found = run("screen", made["decoder-a-finetuned"], *at, "--json")
    assert found.code == 1
    screened = document(found, "screen-1")
    assert screened["finding"] == "reused"
    assert {m["reference"] for m in screened["modules"]} == {"decoder-a"}
    assert screened["matches"][0]["name"] == "decoder-a"
    assert (screened["looked_at"], screened["tested"]) == (1, 1)
    text = run("screen", made["decoder-a-finetuned"], *at)
    assert text.code == 1
    assert "decoder-a" in text.out
    clear = run("screen", models / "decoder-b", *at, "--json")
    assert clear.code == 0
    rows = document(clear, "screen-1")["modules"]
    assert {m["finding"] for m in rows} == {"no-dependence-found"}
    assert all(0 < m["power"]["correlation"] < 1 for m in rows)


def test_screening_against_nothing_is_inconclusive(run, made, url):
    found = run("screen", made["decoder-a"], "--registry", url, "--json")
    assert found.code == 3
    assert document(found, "screen-1")["finding"] == "not-testable"


@pytest.fixture(scope="module")
def other_seed(tmp_path_factory, models):
    """The file of a parent's fingerprint that another seed chose the values of."""
    from parentage.run.fingerprint import fingerprint, write_fingerprint

    file = tmp_path_factory.mktemp("seed") / "decoder-a"
    write_fingerprint(fingerprint(models / "decoder-a", seed=5), file)
    return file


def test_models_are_screened_with_the_seed_of_the_registry(
    run, models, other_seed, url, tmp_path
):
    run("registry", "add", other_seed, "--registry", url)
    model, listed = models / "decoder-a-finetuned", tmp_path / "list"
    listed.write_text(str(model))
    at = ("--registry", url, "--json")
    screened = document(run("screen", model, "--seed", "5", *at), "screen-1")
    assert screened["candidate"]["seed"] == 5
    assert (screened["comparable"], screened["finding"]) == (1, "reused")
    rows = ("screen", "--list", listed, "--workers", "1", *at)
    found = document(run(*rows, "--seed", "5"), "batch-1")["rows"]
    assert [row["finding"] for row in found] == ["reused"]
    # By another seed nothing can be compared, which is said.
    apart = run("screen", model, *at)
    assert apart.code == 3
    assert {m["reason"] for m in document(apart, "screen-1")["modules"]} == {
        "the registry holds nothing of its shape and seed"
    }
    assert document(run(*rows), "batch-1")["rows"][0]["finding"] == "not-testable"
    # The file of a fingerprint keeps its own seed.
    kept = document(run("screen", other_seed, *at), "screen-1")
    assert (kept["candidate"]["seed"], kept["known_as"]) == (5, "decoder-a")


def test_pairs_are_fingerprinted_with_the_seed(run, made, models, other_seed, tmp_path):
    words = ("--output", tmp_path / "out", "--workers", "1", "--seed", "5", "--json")
    both = models / "decoder-a-finetuned", other_seed
    found = document(run("pairs", *both, *words), "pairs-1")
    assert {model["seed"] for model in found["models"]} == {5}
    assert {pair["finding"] for pair in found["pairs"]} == {"reused"}
    mixed = document(run("pairs", made["decoder-a"], other_seed, *words), "pairs-1")
    assert {model["seed"] for model in mixed["models"]} == {0, 5}
    assert {pair["finding"] for pair in mixed["pairs"]} == {"not-testable"}


def test_screening_a_list(run, made, url, tmp_path):
    at = ("--registry", url, "--workers", "1", "--json")
    run("registry", "add", made["decoder-a"], "--registry", url)
    listed = tmp_path / "list"
    listed.write_text("\n".join(str(made[name]) for name in NAMES[1:]))
    found = run("screen", "--list", listed, *at)
    assert found.code == 1
    rows = document(found, "batch-1")["rows"]
    assert [row["finding"] for row in rows] == ["no-dependence-found", "reused"]
    assert [row["nearest"] for row in rows] == [None, "decoder-a"]
    listed.write_text(f"{made['decoder-b']}\n/nowhere/at/all")
    assert run("screen", "--list", listed, *at).code == 3
    assert refused(run, 2, "screen", made["decoder-a"], "--list", listed)


def test_pairs_of_three(run, made, tmp_path):
    words = ("--output", tmp_path / "out", "--workers", "1")
    found = run("pairs", *made.values(), *words, "--json")
    assert found.code == 1
    whole = document(found, "pairs-1")
    word = {
        (p["candidate"].split("/")[-1], p["reference"].split("/")[-1]): p["finding"]
        for p in whole["pairs"]
    }
    assert len(word) == 6
    related = {
        ("decoder-a", "decoder-a-finetuned"),
        ("decoder-a-finetuned", "decoder-a"),
    }
    for pair, finding in word.items():
        assert finding == ("reused" if pair in related else "no-dependence-found")
    clear = run("pairs", made["decoder-a"], made["decoder-b"], *words)
    assert clear.code == 0
    broken = run("pairs", made["decoder-a"], made["decoder-b"], "/nowhere", *words)
    assert broken.code == 3
    assert "/nowhere" in " ".join(broken.out.split())
    assert refused(run, 2, "pairs", made["decoder-a"], *words)["expected"]
    assert refused(run, 2, "pairs", *words)["expected"]
