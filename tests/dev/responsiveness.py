"""Does the console answer while requests rain? `python -m tests.dev.responsiveness [requests]`.

Prints the processor time that the page took, how long tasks kept it from answering, how long a
click took, and its memory. On a busy machine tasks and clicks also wait for a core.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import TYPE_CHECKING

from tests.browser.chromium import Visits, running
from videsk_rooms import Videsk
from videsk_rooms.sandbox import Sandbox

from .console_page import ConsolePage

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession

_WATCH = """
window.tasks = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) tasks.push(task.duration);
}).observe({ type: 'longtask' });
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
        session = console.page.context.new_cdp_session(console.page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = processor_times(session)
        clicks: list[float] = []
        begun = time.perf_counter()
        calls = [threads.submit(videsk.rooms.list, limit=1) for _ in range(requests)]
        while not all(call.done() for call in calls):
            clicks.append(console.page.evaluate(_CLICK))
            console.page.wait_for_timeout(50)
        seconds = time.perf_counter() - begun
        console.page.wait_for_timeout(1000)
        tasks = console.page.evaluate("tasks")
        took = {name: after - before[name] for name, after in processor_times(session).items()}
        print(f"{requests} requests in {seconds:.1f} s, {requests / seconds:.0f} a second")
        print(
            f"processor time of the page: {took['TaskDuration']:.2f} s, of which scripts "
            f"{took['ScriptDuration']:.2f} s, styles and layout "
            f"{took['LayoutDuration'] + took['RecalcStyleDuration']:.2f} s"
        )
        print(f"tasks over 50 ms: {len(tasks)}, longest {max(tasks, default=0):.0f} ms")
        print(f"a click: {median(clicks):.0f} ms, longest {max(clicks):.0f} ms of {len(clicks)}")
        print(f"rows: {console.rows.count()}, heap {console.page.evaluate(_MEMORY):.0f} MiB")
        console.page.close()


def processor_times(session: CDPSession) -> dict[str, float]:
    """Seconds that the page's main thread has taken, by what for."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return {each["name"]: each["value"] for each in metrics if each["name"].endswith("Duration")}


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
