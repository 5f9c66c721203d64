"""A worker that imports `rq_jobs.py` once, not for each job: `python rq_worker.py`."""

from __future__ import annotations

import rq_jobs
from redis import Redis
from rq import Worker

if __name__ == "__main__":
    worker = Worker(
        ["default"],
        connection=Redis.from_url(rq_jobs.REDIS),
        exception_handlers=[rq_jobs.retry_transient],
    )
    worker.work(with_scheduler=True)
