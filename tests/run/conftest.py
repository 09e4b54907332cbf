# SPDX-License-Identifier: Apache-2.0
"""Two independent synthetic models, made once."""

import json

import pytest

from parentage.testing.synthetic import Shape, random_model, write_model

SHAPE = Shape(
    hidden_size=64, intermediate_size=128, num_hidden_layers=4, vocab_size=192
)


@pytest.fixture(scope="session")
def shape():
    return SHAPE


@pytest.fixture(scope="session")
def parent():
    return random_model(SHAPE, 1, "F32")


@pytest.fixture(scope="session")
def stranger():
    return random_model(SHAPE, 2, "F32")


@pytest.fixture
def save(tmp_path):
    def write(name, tensors, config=None, **options):
        return write_model(
            tmp_path / name,
            tensors,
            SHAPE.config() if config is None else config,
            **options,
        )

    return write


@pytest.fixture(scope="session")
def text():
    """A report as text, apart from times."""

    def written(report):
        data = json.loads(report.to_json())
        times = {"created", "seconds"}
        return json.dumps({k: v for k, v in data.items() if k not in times})

    return written
