# SPDX-License-Identifier: Apache-2.0
"""Sentences said again say what the document says, in every language."""

import pytest

from parentage.report.language import ENGLISH, Language
from parentage.report.sentences import (
    decisive,
    headline_of,
    say_headline,
    say_sentence,
    sentence_of,
)

KOREAN = Language("ko")


def test_said_again_in_english_they_are_the_documents_own(zoo_reports):
    """So whatever Korean says rests on the same values."""
    assert len(zoo_reports) >= 10
    for report in zoo_reports.values():
        assert say_headline(report, ENGLISH) == report.headline
        for module in report.modules:
            assert say_sentence(module, ENGLISH) == module.sentence


def test_sentences_of_every_finding(report):
    for module in report.modules:
        assert say_sentence(module, ENGLISH) == module.sentence
        assert sentence_of(module) == module.sentence
    assert headline_of(report) == report.headline


def test_korean_headline(report):
    assert headline_of(report, KOREAN) == (
        "sejong-vl-8b에서 다음이 확인되었습니다: 비전 인코더(파라미터의 7.61 %, "
        "레이어 0–5, 6–7(참조 모델의 8–9)의 어텐션; 레이어 0–5의 MLP)에 donor-vl-7b의 "
        "가중치가 포함됨. 텍스트 디코더, 토큰 임베딩에서는 의존성이 발견되지 "
        "않았습니다. 출력 헤드에서는 우연으로 설명되는 것보다 큰 일치가 나타났으나, "
        "재사용은 증명되지 않았습니다. 시험 불가: 프로젝터."
    )


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (
            0,
            "텍스트 디코더에서 어느 참조 모델에 대한 의존성도 발견되지 않았습니다. "
            "원소별 상관이 0.004 이상이었다면 0.99의 확률로 발견되었을 것입니다.",
        ),
        (
            1,
            "비전 인코더에 donor-vl-7b의 가중치가 포함되어 있습니다(레이어 0–5, 6–7"
            "(참조 모델의 8–9)의 어텐션; 레이어 0–5의 MLP).",
        ),
        (
            2,
            "프로젝터에 대해서는 시험할 수 없었습니다: donor-vl-7b에는 프로젝터 모듈이 "
            "없음.",
        ),
    ],
)
def test_korean_sentences(report, place, said):
    assert sentence_of(report.modules[place], KOREAN) == said


def test_the_outcome_that_decided_is_found_among_several(report):
    vision = report.modules[1]
    other = vision.outcomes[0].model_copy(update={"effect": 0.1, "whole": True})
    third = vision.outcomes[0].model_copy(update={"reference": "third"})
    several = vision.model_copy(update={"outcomes": (third, other, vision.outcomes[0])})
    assert decisive(several) == vision.outcomes[0]
    assert decisive(report.modules[0]) is None
