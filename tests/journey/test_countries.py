"""Where the person is, beside where they usually sign in from."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.journey.driver import Journey
from tests.journey.world import Demo


def test_the_review_page_says_where_the_browser_is_and_where_it_usually_is(tmp_path: Path) -> None:
    """In the demo everybody is where the tenant's switch says; one that is moved abroad stands out."""
    demo = Demo(tmp_path / "demo")
    demo.start()
    journey = Journey(demo.url)
    try:
        httpx.post(f"{demo.url}/sandbox/switches", json={"country": "BR"}, trust_env=False, timeout=20)
        journey.open()
        journey.use_code(journey.codes()[0])
        journey.live_check()
        journey.tick()
        journey.agent.sign_in()
        page = journey.agent.browser.get(journey.find_review(journey.agent)).text
        assert "<dd>BR " in page
        assert "<dd>DE</dd>" in page
        assert "Not one of the usual countries" in page
    finally:
        journey.end()
        demo.stop()
