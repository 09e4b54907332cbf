# SPDX-License-Identifier: Apache-2.0
"""Two text corpora, drawn from small probabilistic grammars.

``stories`` is English-like narrative; ``notes`` is arithmetic, code and Korean. The
same name and seed give the same text on every machine.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache


def _words(line: str) -> tuple[str, ...]:
    return tuple(line.split())


HEROES = _words("Mina Tom Lila Otto Sora Ben Ada Juno Felix Nara Pip Hugo")
ANIMALS = _words("fox owl rabbit turtle cat dog bear mouse crow goat duck pony")
THINGS = _words("lantern apple map key drum kite basket stone rope bell shell book")
PLACES = _words("forest river hill garden bridge market cave meadow tower beach")
MOODS = _words("happy sad brave tired curious quiet proud hungry careful lonely")
MOVES = _words("walked ran climbed hurried wandered jumped crept danced")
TAKES = _words("found lost carried hid painted mended dropped borrowed")
COLOURS = _words("red blue green golden silver black white purple")
WEATHER = _words("rain wind snow sunshine fog thunder")

NAMES = _words("x y n total width count left right")
FUNCTIONS = _words("scale shift fold join area mean next_step merge")
SUBJECTS = _words("토끼가 여우가 할머니가 아이가 선생님이 고양이가 농부가 친구가")
OBJECTS = _words("당근을 사과를 편지를 책을 노래를 물을 지도를 연을")
SPOTS = _words("숲에서 강가에서 시장에서 학교에서 언덕에서 마당에서")
VERBS = _words("먹었다 찾았다 읽었다 불렀다 마셨다 그렸다 잃어버렸다")


def _story(rng: random.Random) -> str:
    pick = rng.choice
    hero, friend, place = pick(HEROES), pick(ANIMALS), pick(PLACES)
    mood, thing = pick(MOODS), f"{pick(COLOURS)} {pick(THINGS)}"
    openings = (
        f"Once there was a {mood} {friend} named {hero}.",
        f"{hero} was a {mood} {friend} who lived near the {place}.",
    )
    lines = [pick(openings)]
    for _ in range(rng.randint(2, 5)):
        events = (
            f"One day {hero} {pick(MOVES)} to the {place}.",
            f"There {hero} {pick(TAKES)} a {thing}.",
            f"The {pick(WEATHER)} came, and {hero} felt {pick(MOODS)}.",
            f'"Is this your {thing}?" asked {pick(HEROES)}.',
            f"{hero} {pick(MOVES)} over the {pick(PLACES)} with the {thing}.",
            f"A {pick(ANIMALS)} {pick(TAKES)} it because it was {mood}.",
        )
        lines += [pick(events)]
    endings = (
        f"In the end the {friend} was {pick(MOODS)} again.",
        f"{hero} kept the {thing} and went home.",
    )
    return " ".join([*lines, pick(endings)]) + "\n"


def _sum(rng: random.Random) -> str:
    a, b = rng.randint(1, 60), rng.randint(1, 60)
    sign = rng.choice("+-")
    value = a + b if sign == "+" else a - b
    return f"{a} {sign} {b} = {value}\n"


def _code(rng: random.Random) -> str:
    pick = rng.choice
    name, a, b = pick(FUNCTIONS), *rng.sample(NAMES, 2)
    body = pick(
        (
            f"    return {a} {pick('+-*')} {b}\n",
            f"    if {a} > {rng.randint(0, 9)}:\n        return {b}\n    return {a}\n",
            f"    for {b} in range({a}):\n        print({b} {pick('+*')} {a})\n",
        )
    )
    return f"def {name}({a}, {b}):\n{body}"


def _korean(rng: random.Random) -> str:
    pick = rng.choice
    parts = [f"{pick(SUBJECTS)} {pick(SPOTS)} {pick(OBJECTS)} {pick(VERBS)}."]
    if rng.random() < 0.5:
        parts.append(f"그리고 {pick(SUBJECTS)} {pick(OBJECTS)} {pick(VERBS)}.")
    return " ".join(parts) + "\n"


def _note(rng: random.Random) -> str:
    kind = rng.choice((_sum, _code, _korean))
    return "".join(kind(rng) for _ in range(3))


GRAMMARS: dict[str, Callable[[random.Random], str]] = {
    "stories": _story,
    "notes": _note,
}


@cache
def corpus(name: str, seed: int = 0, documents: int = 10_000) -> tuple[str, ...]:
    """Draw a corpus.

    Args:
        name: a key of :data:`GRAMMARS`.
        seed: seed of the draw.
        documents: number of documents.

    Returns:
        The documents, in the order they were drawn.
    """
    rng = random.Random(f"{name}/{seed}")
    return tuple(GRAMMARS[name](rng) for _ in range(documents))
