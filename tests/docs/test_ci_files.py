# SPDX-License-Identifier: Apache-2.0
"""Action and hooks: every command they name exists, and their lines really run."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from parentage.cli.main import COMMANDS, cli

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "zoo" / "models"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
SCRIPT = next(s["run"] for s in ACTION["runs"]["steps"] if s.get("id") == "audit")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A folder with the command as users have it."""
    folder = tmp_path_factory.mktemp("bin")
    command = folder / "parentage"
    command.write_text(
        f"#!{sys.executable}\nimport sys\nfrom parentage.cli.main import main\n"
        "sys.exit(main())\n"
    )
    command.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def audited(path, tmp_path, **inputs):
    env = {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": str(ROOT / "src"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "MODEL": str(MODELS / "vlm-frozen"),
        "AGAINST": f"{MODELS / 'vlm-donor'}\n\n{MODELS / 'decoder-b'}\n",
        "REPORT": str(tmp_path / "report.json"),
        "BUDGET": ACTION["inputs"]["budget"]["default"],
        "FAIL_ON": ACTION["inputs"]["fail-on"]["default"],
        "PROFILE": "",
        "HTML": "",
        **inputs,
    }
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", SCRIPT],
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode


@pytest.mark.parametrize(
    ("inputs", "code", "said"),
    [
        ({}, 1, "1"),
        ({"FAIL_ON": "never"}, 0, "1"),
        ({"MODEL": str(MODELS / "vlm-cured"), "FAIL_ON": "violated"}, 0, "0"),
        ({"MODEL": str(ROOT / "nowhere")}, 4, "4"),
    ],
)
def test_the_action_runs_and_fails_as_asked(path, tmp_path, inputs, code, said):
    assert audited(path, tmp_path, **inputs) == code
    assert (tmp_path / "output").read_text() == f"exit-code={said}\n"
    if said in ("0", "1"):
        report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
        assert report["schema"] == "parentage.report/1"
        assert len(report["references"]) == 2


def test_a_wrong_input_is_a_usage_error(path, tmp_path):
    assert audited(path, tmp_path, FAIL_ON="sometimes") == 2


def test_inputs_are_never_part_of_a_script():
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
    held = {key for step in ACTION["runs"]["steps"] for key in step["env"]}
    assert {name.upper().replace("-", "_") for name in ACTION["inputs"]} == held


def options(name):
    command = cli.get_command(click.Context(cli), name)
    return {o for p in command.params for o in p.opts}


def test_commands_and_options_exist():
    lines = [line for line in SCRIPT.splitlines() if "--" in line]
    named = {w for line in lines for w in shlex.split(line.strip("(); "), posix=False)}
    words = {w.strip("();") for w in named}
    used = {w.split("(")[-1] for w in words if w.split("(")[-1].startswith("--")}
    assert used
    missing = used - options("audit")
    assert missing <= {"--profile"}, missing
    for hook in HOOKS:
        _, name = hook["entry"].split()
        assert name in COMMANDS


@pytest.mark.parametrize("hook", HOOKS, ids=[h["id"] for h in HOOKS])
def test_hooks_run(path, hook):
    args = [str(MODELS / "decoder-a")]
    if hook["entry"].endswith("audit"):
        args += ["--against", str(MODELS / "decoder-b")]
    done = subprocess.run(
        [*hook["entry"].split(), *args],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src")},
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
