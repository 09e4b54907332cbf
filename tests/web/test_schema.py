# SPDX-License-Identifier: Apache-2.0
"""Every operation of the API under made-up requests: no answer is an internal error."""

import pytest

schemathesis = pytest.importorskip("schemathesis", reason="needs the extra 'services'")

from hypothesis import HealthCheck, given, settings  # noqa: E402

EXAMPLES = 12
"""Requests for each operation and role; `make test-services` has minutes, not hours."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("who", ["public", "submitter", "administrator"])
def test_no_made_up_request_breaks_anything(seeded, who):
    """The job queue is not worked: what is tried is what requests can do."""
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", seeded.app)
    client = seeded.client(who, raise_server_exceptions=False)
    tried = []

    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path.endswith("/events"):
            continue  # lasts as long as its job

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def holds(case):
            sent = case.as_transport_kwargs(base_url="http://127.0.0.1:8000")
            sent.pop("cookies", None)
            try:
                answer = client.request(**sent)
            except (ValueError, TypeError, UnicodeError):
                return  # the client itself does not send such a thing
            tried.append(answer.status_code)
            assert answer.status_code < 500, (case.method, case.path, answer.text)

        holds()
    assert len(tried) > 300
