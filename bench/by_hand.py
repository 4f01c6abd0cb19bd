"""What a team writes itself around two of the tools: starting the shop for one of them, and visiting pages with axe.

usage: by_hand.py serving [OPTIONS OF THE SHOP] -- COMMAND...   ({url} stands for the shop's address)
       by_hand.py pages URL REPORT
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

PAGES = ("/", "/?q=milk", "/products/sencha", "/cart", "/about")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def serving(words: list[str]) -> int:
    at = words.index("--")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    service = subprocess.Popen([sys.executable, "-m", "shop", "--port", str(port), *words[:at]], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"{url}/health", timeout=1):
                    break
            except OSError:
                time.sleep(0.05)
        return subprocess.run([word.replace("{url}", url) for word in words[at + 1 :]], check=False).returncode
    finally:
        service.kill()
        service.wait()


def pages(url: str, report: str) -> int:
    from axe_selenium_python import Axe
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for switch in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,800"):
        options.add_argument(switch)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    browser = webdriver.Chrome(options=options)
    found = []
    try:
        for scheme in ("light", "dark"):
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
            for page in PAGES:
                browser.get(url + page)
                axe = Axe(browser)
                axe.inject()
                found += axe.run(options={"runOnly": TAGS})["violations"]
    finally:
        browser.quit()
    Path(report).write_text(json.dumps(found), "utf-8")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(serving(sys.argv[2:]) if sys.argv[1] == "serving" else pages(*sys.argv[2:4]))
