"""docs/examples/django_tasks.py: the rooms of a day, from a Celery task of a Django project."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from .blocks import EXAMPLES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from videsk_rooms.sandbox import Sandbox

pytest.importorskip("celery", reason="the task is Celery's")
pytest.importorskip("django", reason="its client is that of the Django integration")

_RUN = """
import sys
import django_app
from django_tasks import open_rooms
appointments = [(number, sys.argv[1]) for number in range(5)]
open_rooms.apply([appointments[:3]], throw=True)
open_rooms.apply([appointments], throw=True)
"""


def test_a_day_of_appointments_has_its_rooms_however_often_the_task_runs(
    account: Sandbox, tmp_path: Path
) -> None:
    """With the client of the setting `VIDESK`; what exists already is no failure."""
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    done = subprocess.run(
        [sys.executable, "-c", _RUN, tomorrow.isoformat()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, EXAMPLES)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    rooms = sorted(str(room["externalId"]) for room in account.rooms)
    assert rooms == [f"appointment-{number}" for number in range(5)]
