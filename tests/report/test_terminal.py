# SPDX-License-Identifier: Apache-2.0
import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from parentage.evidence.catalogue import methods
from parentage.report import terminal
from parentage.report.comparison import Comparison
from parentage.report.language import ENGLISH, Language

KOREAN = Language("ko")


def shown(function, value, width=100, lang=ENGLISH, **options):
    file = io.StringIO()
    console = Console(
        file=file, width=width, markup=False, highlight=False, emoji=False, **options
    )
    function(value, console, lang)
    return file.getvalue()


@pytest.fixture(name="text")
def text_fixture(report):
    return shown(terminal.print_report, report, 140)


def test_begins_with_the_sentence_to_quote(text):
    flat = " ".join(text.split())
    assert flat.startswith("In sejong-vl-8b, the vision encoder (7.61 % of parameters")


@pytest.mark.parametrize(
    "words",
    [
        "▲ reused",
        "○ no dependence found",
        "◆ correspondence",
        "– not testable",
        "675,759,104 of 8,880,951,296",
        "10^-5732",
        "layers moved: 6→8, 7→9",
        "attention of layers 0–5, 6–7 (its 8–9)",
        "MLPs of layers 0–5 reused",
        "an element correlation of 0.004 or more would have been found",
        "cosine 0.986; after shuffling one side 0.986; correlation about the mean +0.0",
        "64 MB read",
        "warning: 3 of 4096 values read are NaN",
        "Unrecognised in sejong-vl-8b: 1 tensors, < 0.01 % of parameters",
        "from the same seed",
        "parentage audit models/sejong-vl-8b --against 'models/a b'",
        "412 exact tests",
        "patch_embedding",
    ],
)
def test_says(text, words):
    assert words in " ".join(text.split())


def test_later_assumptions_are_shortened(text):
    assert "Permuted copies escape." in text
    assert "Really" not in text


@pytest.mark.parametrize("width", [40, 72, 200])
def test_keeps_to_the_width(report, width):
    text = shown(terminal.print_report, report, width)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width


def test_no_colour_codes_without_colour(report):
    plain = shown(terminal.print_report, report, force_terminal=True, no_color=True)
    assert "\x1b[3" not in plain.replace("\x1b[3m", "")
    coloured = shown(
        terminal.print_report, report, force_terminal=True, color_system="256"
    )
    assert "\x1b[" in coloured


def test_hostile_names_stay_text(hostile):
    text = shown(terminal.print_report, hostile)
    assert "\x1b" not in text
    assert "[bold]" in text


def test_comparison_has_grades_and_no_finding(report):
    comparison = Comparison.from_report(report)
    text = shown(terminal.print_comparison, comparison)
    assert "sign-coins" in text
    assert "descriptive" in text
    for word in ("reused", "identical", "no dependence", "correspondence"):
        assert word not in text.split("What the p-values rest on")[0]
    data = comparison.model_dump(by_alias=True)
    assert data["schema"] == "parentage.comparison/1"
    assert "finding" not in data["modules"][0]


def test_model(report):
    text = shown(terminal.print_model, report.candidate)
    assert "vision encoder" in text
    assert "7.61 %" in text
    assert "names are of no known family" in text


def test_methods_in_full():
    text = shown(terminal.print_method, methods()["swap-coins"])
    for heading in ("Question", "Null hypothesis", "Blind spots", "Source"):
        assert heading in text
    assert "layer-map" in shown(terminal.print_methods, list(methods().values()))


def test_nothing_in_korean_is_left_in_english(report, zoo_reports, demo):
    own = report.model_copy(
        update={"assumptions": next(iter(zoo_reports.values())).assumptions}
    )
    every = [
        (terminal.print_report, own),
        (terminal.print_comparison, Comparison.from_report(own)),
        (terminal.print_model, own.candidate),
        (terminal.print_methods, list(methods().values())),
        (terminal.print_demo, demo.rows),
        *((terminal.print_method, m) for m in methods().values()),
    ]
    for function, value in every:
        text = shown(function, value, 160, KOREAN)
        assert re.search("[가-힣]", text)
        # Of no language: commands, names of software, citations, hostile names.
        kept = [
            line
            for line in text.splitlines()
            if not re.search(
                r"parentage (audit|methods)|Ann\. Math|Zhu et al|script>", line
            )
        ]
        english = r"(?:[A-Za-z]{2,}[ ,;:]+){2,}[A-Za-z]{2,}"
        assert re.findall(english, "\n".join(kept)) == [], function


@pytest.mark.parametrize("width", [40, 72, 200])
def test_korean_keeps_to_the_width(report, width):
    text = shown(terminal.print_report, report, width, KOREAN)
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= width


@pytest.mark.parametrize(
    "words",
    [
        "sejong-vl-8b에서 다음이 확인되었습니다",
        "▲ 재사용",
        "– 시험 불가",
        "10^-5732",
        "번호가 바뀐 레이어: 6→8, 7→9",
        "정확 검정 412개에 대해 보정함",
    ],
)
def test_says_in_korean(report, words):
    text = shown(terminal.print_report, report, 160, KOREAN)
    assert words in " ".join(text.split())


@pytest.mark.parametrize(
    ("layers", "text"),
    [
        (((1, 1), (2, 2)), ""),
        (((3, 5),), "3→5"),
        (((None, None),), ""),
        (tuple((n, n + 1) for n in range(20)), "0→1, 1→2, 2→3, 3→4, 4→5, 5→6, …, "),
    ],
)
def test_moved_layers(layers, text):
    assert terminal.moved_layers(layers).startswith(text)
    if not text:
        assert not terminal.moved_layers(layers)
