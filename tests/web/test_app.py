# SPDX-License-Identifier: Apache-2.0
"""The app answers, and somebody can sign in."""


def test_home_and_sign_in(seeded):
    public = seeded.client()
    page = public.get("/")
    assert page.status_code == 200
    assert "vlm-frozen" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert public.get("/api/v1/me").json()["role"] == "public"
    verifier = seeded.client("verifier")
    assert verifier.get("/api/v1/me").json()["account"]["name"] == "verifier"
