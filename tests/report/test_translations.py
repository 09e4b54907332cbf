# SPDX-License-Identifier: Apache-2.0
"""The catalogues are whole: every text translated, nothing stale, nothing stronger."""

import importlib.util
import re
from pathlib import Path

import pytest

from parentage.report.language import ENGLISH, LANGUAGES, Language

TOOL = Path(__file__).parents[2] / "tools" / "translations.py"
OTHERS = [code for code in LANGUAGES if code != "en"]


@pytest.fixture(name="tool", scope="module")
def tool_fixture():
    spec = importlib.util.spec_from_file_location("translations", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(name="copy")
def copy_fixture(tool, tmp_path, monkeypatch):
    """Catalogues that a test may spoil."""
    for code in OTHERS:
        (tmp_path / code).mkdir()
        for file in (tool.LOCALE / code).iterdir():
            (tmp_path / code / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "LOCALE", tmp_path)
    return tmp_path


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_is_translated_and_compiled(tool, code):
    assert tool.complaints(code) == []


@pytest.mark.parametrize("code", OTHERS)
def test_extraction_changes_nothing_when_nothing_changed(tool, code):
    assert (tool.LOCALE / code / "report.po").read_bytes() == tool.extracted(code)


def test_texts_of_every_kind_are_found(tool):
    texts = tool.texts()
    for text, file in (
        ("vision encoder", "report/words.py"),
        ("Module by module", "report/templates/report.html.j2"),
        ("Sign coins", "evidence/catalogue.toml"),
        ("not relabelled", "run/document.py"),
        ("HTML report: {file}", "cli/delivery.py"),
    ):
        assert f"src/parentage/{file}" in texts[text]


def test_complains_about_what_is_wrong(tool, copy):
    file = copy / "ko" / "report.po"
    whole = file.read_text(encoding="utf-8")

    def spoilt(old, new):
        assert whole.count(old) == 1
        file.write_text(whole.replace(old, new), encoding="utf-8")
        return tool.complaints("ko")

    digest = '\nmsgid "digest {digest}"\nmsgstr "다이제스트 {digest}"\n'
    stale = "stale: ko/report.mo"
    assert tool.complaints("ko") == []
    assert spoilt(digest, "\n") == ["not in the catalogue: digest {digest}", stale]
    assert spoilt(digest, '\nmsgid "digest {digest}"\nmsgstr ""\n') == [
        "not translated: digest {digest}",
        stale,
    ]
    other = digest.replace('"다이제스트 {digest}"', '"다이제스트 {hash}"')
    assert spoilt(digest, other) == [
        "other places than in the text: digest {digest}",
        stale,
    ]
    assert spoilt(digest, f"\n#, fuzzy{digest}") == ["fuzzy: digest {digest}", stale]
    extra = f'{digest}\nmsgid "no more"\nmsgstr "더는 없음"\n'
    assert spoilt(digest, extra) == ["not used any more: no more", stale]


def test_extract_and_compile_mend_a_catalogue(tool, copy):
    file = copy / "ko" / "report.po"
    before = file.read_bytes()
    text = file.read_text(encoding="utf-8")
    file.write_text(text + '\nmsgid "no more"\nmsgstr "더는 없음"\n', encoding="utf-8")
    assert tool.main(["extract"]) == 0
    assert file.read_bytes() == before
    (copy / "ko" / "report.mo").unlink()
    assert tool.main(["compile"]) == 0
    assert tool.complaints("ko") == []


def test_usage(tool, capsys):
    assert tool.main([]) == 2
    assert "extract|compile|check" in capsys.readouterr().err


def test_korean_is_korean(tool):
    korean = Language("ko")
    citations = [text for text in tool.texts() if "Ann. Math. Statist." in text]
    for text in tool.texts():
        words = re.findall(r"[a-zA-Z]{2,}", re.sub(r"\{\w+\}", "", text))
        if len(words) > 2 and text not in citations:
            assert re.search("[가-힣]", korean(text)), text


def test_korean_is_never_stronger(tool):
    """What is not found is not called absent, own, independent or innocent."""
    korean = Language("ko")
    for text in tool.texts():
        said = korean(text)
        if "from scratch" not in text:
            assert "처음부터 학습" not in said, text
        if text.lower().startswith("no dependence") or "“No dependence" in text:
            assert "발견되지 않" in said, text
            assert not re.search("독립|없습니다|무관|결백", said), text
        if "without proof of reuse" in text or "no proof of reuse" in text:
            assert "재사용은 증명되지 않" in said, text
        if "proof" not in text and "prove" not in text:
            assert "증명" not in said or text == "correspondence", text
    assert korean("correspondence") == "대응 관계(재사용은 증명되지 않음)"
    assert korean("not testable") == "시험 불가"
    assert ENGLISH("not testable") == "not testable"
