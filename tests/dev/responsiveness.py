"""Does the console answer while requests rain? `python -m tests.dev.responsiveness [requests]`.

Prints how long tasks kept the page from answering, how long a click took, and the page's memory.
On a busy machine a task also waits for a core: what scripts took of a frame is the page's share.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from tests.browser.chromium import Visits, running
from videsk_rooms import Videsk
from videsk_rooms.sandbox import Sandbox

from .console_page import ConsolePage

_WATCH = """
window.tasks = [];
window.scripts = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) tasks.push(task.duration);
}).observe({ type: 'longtask' });
new PerformanceObserver((list) => {
  for (const frame of list.getEntries()) {
    scripts.push(frame.scripts.reduce((sum, script) => sum + script.duration, 0));
  }
}).observe({ type: 'long-animation-frame' });
"""
_CLICK = """
async () => {
  const begun = performance.now();
  document.querySelector(".requests .button[aria-pressed]").click();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - begun;
}
"""
_MEMORY = "performance.memory.usedJSHeapSize / 1048576"


def measure(requests: int) -> None:
    """Send requests as fast as they are answered, and look on."""
    with (
        running() as browser,
        Sandbox(console=True, rate=None) as sandbox,
        Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=None) as videsk,
        ThreadPoolExecutor(8) as threads,
    ):
        videsk.rooms.create()
        console = ConsolePage(Visits(browser), sandbox)
        console.page.evaluate(_WATCH)
        clicks: list[float] = []
        begun = time.perf_counter()
        calls = [threads.submit(videsk.rooms.list, limit=1) for _ in range(requests)]
        while not all(call.done() for call in calls):
            clicks.append(console.page.evaluate(_CLICK))
            console.page.wait_for_timeout(50)
        seconds = time.perf_counter() - begun
        console.page.wait_for_timeout(1000)
        tasks, scripts = console.page.evaluate("[tasks, scripts]")
        print(f"{requests} requests in {seconds:.1f} s, {requests / seconds:.0f} a second")
        print(f"tasks over 50 ms: {len(tasks)}, longest {max(tasks, default=0):.0f} ms")
        longest = max(scripts, default=0)
        print(f"frames over 50 ms: {len(scripts)}, of which scripts at most {longest:.0f} ms")
        print(f"a click: {median(clicks):.0f} ms, longest {max(clicks):.0f} ms of {len(clicks)}")
        print(f"rows: {console.rows.count()}, heap {console.page.evaluate(_MEMORY):.0f} MiB")
        console.page.close()


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
