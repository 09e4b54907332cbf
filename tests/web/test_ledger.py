# SPDX-License-Identifier: Apache-2.0
"""The ledger holds together, and shows whatever is done to it."""

import json

import pytest
from sqlalchemy import text

from parentage.cli.main import main
from parentage.web.services import ledger


@pytest.fixture
def file(seeded, tmp_path):
    """The downloaded ledger, and its head."""
    browser = seeded.client()
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(browser.get("/api/v1/ledger/file").content)
    return path, browser.get("/api/v1/ledger/head").json()["digest"]


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


def verify(path, *words):
    return main(["ledger", "verify", str(path), "--json", *words])


def test_whole_ledger_is_verified_without_the_portal(file, capsys):
    path, head = file
    assert len(lines(path)) >= 4
    assert verify(path, "--head", head) == 0
    assert json.loads(capsys.readouterr().out)["head"] == head


@pytest.mark.parametrize("field", ["at", "kind", "subject", "actor", "payload"])
def test_altered_entry_shows(file, field):
    path, _ = file
    rows = [json.loads(line) for line in lines(path)]
    rows[1][field] = {"x": 1} if field == "payload" else rows[1][field] + "x"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    assert verify(path) == 1


@pytest.mark.parametrize("number", [0, 1, -2])
def test_removed_entry_shows(file, number):
    path, _ = file
    rows = lines(path)
    del rows[number]
    path.write_text("\n".join(rows) + "\n")
    assert verify(path) == 1


def test_moved_entries_show(file):
    path, _ = file
    rows = lines(path)
    rows[0], rows[1] = rows[1], rows[0]
    path.write_text("\n".join(rows) + "\n")
    assert verify(path) == 1


def test_cut_off_end_shows_to_who_knows_the_head_or_an_earlier_copy(file, tmp_path):
    path, head = file
    earlier = tmp_path / "earlier.jsonl"
    earlier.write_bytes(path.read_bytes())
    path.write_text("\n".join(lines(path)[:-1]) + "\n")
    assert verify(path) == 0
    assert verify(path, "--head", head) == 1
    assert verify(path, "--earlier", str(earlier)) == 1


def test_what_is_no_ledger_ends_in_one_error(tmp_path):
    for content in (b"x\n", b"[]\n", b'{"seq": true}\n', b"\xff\n", b"[" * 100_000):
        (tmp_path / "l").write_bytes(content)
        assert verify(tmp_path / "l") == 4
    assert verify(tmp_path / "missing") == 4


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE portal_ledger SET payload = '{}' WHERE seq = 2",
        "UPDATE portal_ledger SET actor = 'x' WHERE seq = 1",
        "DELETE FROM portal_ledger WHERE seq = 2",
        "DELETE FROM portal_ledger WHERE seq = (SELECT max(seq) FROM portal_ledger)",
    ],
)
def test_portal_itself_notices_changes_in_its_database(seeded, attack):
    url = "/api/v1/ledger/verify"
    browser = seeded.client()
    assert browser.get(url).json()["intact"]
    with seeded.db() as db:
        db.execute(text(attack))
        db.commit()
    found = browser.get(url).json()
    assert not found["intact"]
    assert found["problems"]


def test_nothing_is_written_that_cannot_be_undone_with_its_cause(seeded):
    with seeded.db() as db:
        before = ledger.head(db)
        ledger.append(db, seeded.actors["verifier"], "gate-decided", "stage:1", {})
        db.rollback()
        assert ledger.head(db) == before
