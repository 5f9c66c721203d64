"""Rooms from Celery in a Django project, whose Celery application finds this task."""

from datetime import datetime, timedelta

from celery import shared_task

from videsk_rooms import ConflictError, RoomSpec
from videsk_rooms.integrations.celery import VideskTask
from videsk_rooms.integrations.django import videsk

LENGTH = timedelta(minutes=45)


@shared_task(base=VideskTask, soft_time_limit=300)
def open_rooms(appointments: list[tuple[int, str]]) -> None:
    """Create the rooms of appointments, each with its number and start; can be repeated."""
    specs: list[RoomSpec] = []
    for number, text in appointments:
        start = datetime.fromisoformat(text)
        specs.append({"external_id": f"appointment-{number}", "nbf": start, "exp": start + LENGTH})
    with videsk.rooms.create_many(specs) as outcomes:
        for outcome in outcomes:
            if not isinstance(outcome.error, ConflictError):  # it exists since an earlier try
                outcome.result()
