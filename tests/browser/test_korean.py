"""The Lab in Korean, where the server speaks English."""

import httpx
from playwright.sync_api import Page, expect


def test_hints_and_problems(page: Page, lab: str, api: httpx.Client) -> None:
    """Hints are told in Korean with their numbers, titles of problems too; what a problem says stays as the server said it."""
    body = {
        "dataset": {"kind": "spiral"},
        "model": {"kind": "softmax"},
        "optimizer": {"kind": "sgd", "learning_rate": 3.6e5},
        "training": {"steps": 300},
    }
    run = api.post("/v1/runs", json=body, headers={"Prefer": "wait=60"}).json()["id"]
    page.goto(f"{lab}/#/runs/{run}")
    page.locator("#language").select_option("ko")
    expect(page.locator("#failure strong")).to_have_text("학습이 발산했습니다")
    expect(page.locator("#failure [lang=en]")).to_contain_text("try 40000")
    first = page.locator(".hints li").first
    expect(first).to_contain_text("학습률 360000이(가) 너무 높은 것 같습니다")
    expect(first).to_contain_text("learning_rate 40000(으)로 포크하세요")
    page.goto(f"{lab}/#/runs/run_00000000000000000000000000")
    expect(page.locator(".notice strong")).to_have_text("찾을 수 없음")
    expect(page.locator(".notice [lang=en]")).to_contain_text("there is no run")
