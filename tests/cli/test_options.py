# SPDX-License-Identifier: Apache-2.0
import os
import stat
from types import SimpleNamespace

import click
import pytest

from parentage.cli.audit import command as audit_command
from parentage.cli.options import Bytes
from parentage.cli.outcome import audit_code, printable, write_text
from parentage.errors import UsageError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("64000000", 64_000_000),
        ("64MB", 64_000_000),
        ("64 mb", 64_000_000),
        ("64MiB", 64 * 2**20),
        ("1.5GB", 1_500_000_000),
        ("2k", 2000),
        (12, 12),
    ],
)
def test_sizes(text, size):
    assert Bytes().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "MB", "-3", "0", "1e9", "64XB", "0.1b", "inf"])
def test_no_sizes(text):
    with pytest.raises(click.BadParameter):
        Bytes().convert(text, None, None)


def parsed(*words):
    context = audit_command.make_context("audit", list(words))
    return context.params["candidate"], context.params["against"]


@pytest.mark.parametrize(
    "words",
    [
        ["c", "--against", "r1", "--against", "r2"],
        ["c", "--against", "r1", "r2"],
        ["--against", "r1", "--against", "r2", "c"],
        ["--against=r1", "c", "--against=r2"],
        ["c", "--against=r1", "r2"],
        ["--seed", "3", "c", "--against", "r1", "r2", "--json"],
        ["c", "--against", "r1", "r2", "--budget", "1MB"],
    ],
)
def test_references_in_every_order(words):
    assert parsed(*words) == ("c", ("r1", "r2"))


@pytest.mark.parametrize(
    "words",
    [
        ["--against", "r1", "r2", "c"],
        ["--seed", "3", "--against", "r1", "r2", "c"],
        ["c", "d", "--against", "r1"],
    ],
)
def test_unclear_lines_are_refused(words):
    with pytest.raises(click.UsageError):
        parsed(*words)


CLEAR, REUSED, IDENTICAL = "no-dependence-found", "reused", "identical"
UNPROVEN, UNTESTED = "correspondence", "not-testable"


@pytest.mark.parametrize(
    ("words", "coverage", "code"),
    [
        ([CLEAR, CLEAR], 1.0, 0),
        ([CLEAR, UNTESTED], 0.5, 0),
        ([CLEAR, UNTESTED], 0.49, 3),
        ([CLEAR, REUSED, UNPROVEN], 1.0, 1),
        ([IDENTICAL, UNTESTED], 0.1, 1),
        ([CLEAR, UNPROVEN], 1.0, 3),
        ([UNTESTED], 0.0, 3),
        ([], 0.0, 3),
    ],
)
def test_exit_code_of_an_audit(words, coverage, code):
    modules = [SimpleNamespace(finding=word) for word in words]
    assert audit_code(SimpleNamespace(modules=modules, coverage=coverage)) == code


def test_write_is_whole_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "report.html"
    write_text(target, "first")
    write_text(target, "second")
    assert target.read_text() == "second"
    assert list(tmp_path.iterdir()) == [target]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~mask

    def no_rename(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", no_rename)
    with pytest.raises(UsageError, match="No space left"):
        write_text(target, "third")
    assert target.read_text() == "second"
    assert list(tmp_path.iterdir()) == [target]


def test_unusable_targets(tmp_path):
    with pytest.raises(UsageError, match="is a folder"):
        write_text(tmp_path, "x")
    with pytest.raises(UsageError, match="does not exist"):
        write_text(tmp_path / "no" / "x.html", "x")


def test_printable():
    assert printable("a\x1b[2Jb\tc\n") == "a\ufffd[2Jb\tc\n"
