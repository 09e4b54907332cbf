# SPDX-License-Identifier: Apache-2.0
import json
import subprocess
import sys

import click
import pytest

from parentage import __version__
from parentage.cli import main as main_module
from parentage.cli.main import COMMANDS, LazyGroup, cli
from parentage.errors import HeaderError

HEAVY = ("numpy", "scipy", "pydantic", "rich", "matplotlib", "jinja2", "ml_dtypes")


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["audit", "--help"],
        ["methods", "sign-coins", "--json"],
    ],
)
def test_light_commands_import_nothing_heavy(words):
    code = (
        "import sys\n"
        "from parentage.cli.main import main\n"
        f"code = main({words!r})\n"
        f"heavy = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "print(heavy, file=sys.stderr)\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stderr.strip() == "[]"


def test_version(run):
    assert run("--version").out == f"parentage {__version__}\n"


def test_help_lists_every_command(run):
    result = run("--help")
    assert result.code == 0
    for name, line in COMMANDS.items():
        assert name in result.out
        assert line.split(".")[0][:40] in result.out
    assert "130 interrupted" in " ".join(result.out.split())


def test_every_command_exists_and_has_json():
    context = click.Context(cli)
    assert isinstance(cli, LazyGroup)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command.name == name
        group = getattr(command, "commands", None)
        for one in group.values() if group else [command]:
            options = {o for p in one.params for o in p.opts}
            assert {"--json", "--debug"} <= options
    assert cli.get_command(context, "nope") is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nope"], "No such command 'nope'"),
        (["--nope"], "No such option"),
        (["audit", "x"], "Missing option '--against'"),
        (["audit", "--against", "x"], "Missing argument 'CANDIDATE'"),
        (["compare", "x"], "Missing argument 'B'"),
        (["audit", "x", "--against", "y", "--seed", "-1"], "--seed"),
        (["audit", "x", "--against", "y", "--budget", "much"], "'much' is no size"),
        (["methods", "nope"], "there is no method 'nope'"),
    ],
)
def test_wrong_usage(run, words, message):
    result = run(*words)
    assert result.code == 2
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert result.err.startswith("parentage: error: ")
    assert message in result.err


def test_no_command_shows_help(run):
    result = run()
    assert result.code in {0, 2}
    assert "Usage" in result.out + result.err


def test_errors_as_json(run):
    result = run("inspect", "no/such/model", "--json")
    assert result.code == 4
    error = json.loads(result.out)["error"]
    assert error["exit_code"] == 4
    assert error["file"] == "no/such/model"
    assert set(error) == {
        *("code", "message", "file", "tensor", "offset", "expected", "advice"),
        "exit_code",
    }
    assert result.err.startswith("parentage: error: ")


def fail_with(monkeypatch, error):
    def command(words, **_):
        raise error

    monkeypatch.setattr(main_module.cli, "main", command)


def test_internal_error_is_one_line_with_a_hint(run, monkeypatch):
    fail_with(monkeypatch, ZeroDivisionError("over\nthere"))
    result = run("audit")
    assert result.code == 5
    assert result.err == (
        "parentage: error: internal error, ZeroDivisionError: over there. "
        "Run again with --debug and report the traceback, please\n"
    )


def test_debug_shows_the_traceback_wherever_it_stands(run, monkeypatch):
    fail_with(monkeypatch, ZeroDivisionError("x"))
    for words in (["--debug", "audit"], ["audit", "--debug"]):
        assert "Traceback" in run(*words).err


def test_own_errors_keep_their_code_and_lose_control_characters(run, monkeypatch):
    fail_with(monkeypatch, HeaderError("bad \x1b[31m name", file="m.safetensors"))
    result = run("audit")
    assert result.code == 4
    assert "m.safetensors: bad" in result.err
    assert "\x1b" not in result.err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_interrupt(run, monkeypatch, error):
    fail_with(monkeypatch, error)
    result = run("audit")
    assert (result.code, result.err) == (130, "parentage: interrupted\n")


def test_closed_pipe_is_silent():
    code = (
        "import sys\n"
        "from parentage.cli.main import main\n"
        "sys.exit(main(['methods', '--json']))"
    )
    shell = f'"{sys.executable}" -c "{code}" | head -c 1 >/dev/null; echo done'
    done = subprocess.run(
        ["bash", "-c", shell], capture_output=True, text=True, check=False
    )
    assert done.stdout == "done\n"
    assert "Traceback" not in done.stderr
