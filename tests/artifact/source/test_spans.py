# SPDX-License-Identifier: Apache-2.0
"""Requests cover what is wanted, once, and little else."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from parentage.artifact.source.remote import RemoteFile
from parentage.artifact.source.spans import SHARE, coalesce

RANGES = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 300)), max_size=30)
DATA = bytes(n * n % 251 for n in range(5000))


@given(RANGES, st.integers(0, 100), st.integers(1, 500))
def test_spans_cover_the_ranges_and_little_else(ranges, gap, longest):
    spans = coalesce(ranges, gap=gap, longest=longest)
    wanted = {n for offset, length in ranges for n in range(offset, offset + length)}
    read = [n for begin, end in spans for n in range(begin, end)]
    assert len(read) == len(set(read))
    assert wanted <= set(read)
    assert all(0 < end - begin <= longest for begin, end in spans)
    asked = sum(length for _, length in ranges)
    assert len(read) - len(wanted) <= asked // SHARE


@settings(deadline=None)
@given(RANGES, RANGES)
def test_what_is_read_is_what_is_there(ahead, ranges):
    asked = []

    def fetch(begin, end):
        asked.append((begin, end))
        return DATA[begin:end]

    with RemoteFile("model.bin", len(DATA), fetch) as file:
        file.prefetch(ahead)
        for offset, length in ahead:
            assert file.pread(offset, length) == DATA[offset : offset + length]
        for offset, length in ranges:
            assert file.pread(offset, length) == DATA[offset : offset + length]
            buffer = bytearray(3 * length)
            places = [offset, 17, offset]
            file.read_runs(places, length, memoryview(buffer))
            whole = b"".join(DATA[p : p + length] for p in places)
            assert bytes(buffer) == whole
        assert file.bytes_read == sum(end - begin for begin, end in asked)
