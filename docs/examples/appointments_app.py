"""A FastAPI application with appointments, each with a link that stays the same.

APPOINTMENTS_STAFF_KEY=… uvicorn appointments_app:app
"""

import math
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, cast

from appointments_store import GRACE, Appointment, Appointments
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from icalendar import Calendar, Event
from pydantic import AwareDatetime, BaseModel, model_validator

from videsk_rooms import APIError, AsyncRooms, AsyncVidesk, NotFoundError, Room, VideskError
from videsk_rooms.integrations.fastapi import VideskDep, VideskState, add_error_handlers
from videsk_rooms.integrations.http import answer_to

EARLY = timedelta(minutes=15)  # the room is made for whoever comes so long before the start
FURTHEST = timedelta(hours=72)  # an exp may not lie further ahead
SHORTEST = timedelta(minutes=1)
LONGEST = FURTHEST - EARLY - GRACE
REFRESH = 30  # seconds after which a page that waits asks again, at the latest
FOLDER = Path(__file__).parent
PAGES = Jinja2Templates(FOLDER / "appointments")
PAGES.env.globals["sdk"] = os.environ.get("VIDESK_SDK_URL", "")  # as in browser_app.py


class State(VideskState):
    """The client, and the appointments."""

    appointments: Appointments


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[State]:
    """Open the client and the database."""
    url = os.environ.get("APPOINTMENTS_DATABASE", "sqlite:///appointments.db")
    appointments = await run_in_threadpool(Appointments, url)
    async with AsyncVidesk(timeout=10.0) as videsk:
        yield {"videsk": videsk, "appointments": appointments}
    appointments.close()


app = FastAPI(lifespan=lifespan)
app.mount("/browser", StaticFiles(directory=FOLDER / "browser"))
app.mount("/appointments-page", StaticFiles(directory=FOLDER / "appointments"))
add_error_handlers(app)


# -- what the endpoints need ----------------------------------------------------------------------


async def now() -> datetime:
    """Return the time; a test has it be the sandbox's."""
    return datetime.now(timezone.utc)


async def store(request: Request) -> Appointments:
    """Return the appointments."""
    return cast("Appointments", request.state.appointments)


async def check_staff(
    given: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> None:
    """Let in only who has the key; yours has accounts."""
    key = os.environ.get("APPOINTMENTS_STAFF_KEY", "")
    if not key or not secrets.compare_digest(given.credentials.encode(), key.encode()):
        raise HTTPException(403, "Only the staff makes and moves appointments.")


Now = Annotated[datetime, Depends(now)]
Store = Annotated[Appointments, Depends(store)]


async def find(link: str, appointments: Store) -> Appointment:
    """Return the appointment of a link."""
    found = await run_in_threadpool(appointments.find, link)
    if found is None:
        raise HTTPException(404, "There is no such appointment.")
    return found


Found = Annotated[Appointment, Depends(find)]


class Times(BaseModel):
    """When an appointment is."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime

    @model_validator(mode="after")
    def check(self) -> "Times":
        """Refuse what no room could be made for."""
        if not SHORTEST <= self.ends_at - self.starts_at <= LONGEST:
            raise ValueError(f"ends_at must be from {SHORTEST} to {LONGEST} after starts_at")
        return self


class NewAppointment(Times):
    """An appointment to be made."""

    title: str


# -- the staff ------------------------------------------------------------------------------------


@app.post("/appointments", status_code=201, dependencies=[Depends(check_staff)])
async def make(new: NewAppointment, request: Request, appointments: Store) -> dict[str, str]:
    """Make an appointment, months ahead if need be; return its link."""
    made = await run_in_threadpool(appointments.add, new.title, new.starts_at, new.ends_at)
    return {"link": str(request.url_for("show", link=made.link))}


@app.put("/appointments/{link}/times", status_code=204, dependencies=[Depends(check_staff)])
async def move(times: Times, found: Found, appointments: Store, videsk: VideskDep, at: Now) -> None:
    """Move an appointment. The link stays the same, and a room that is there follows."""
    moved = await run_in_threadpool(appointments.move, found, times.starts_at, times.ends_at)
    try:
        room = await videsk.rooms.get_by_external_id(moved.external_id)
    except NotFoundError:
        return  # whoever comes first makes it
    if room.is_over(at):
        return  # whoever comes first opens it again
    if moved.closes_at - at > FURTHEST:
        await videsk.rooms.end(room)  # whoever comes first then opens it again
    else:
        await fit(videsk.rooms, room, moved, at)


# -- the visitors ---------------------------------------------------------------------------------


@app.get("/a/{link}")
async def show(
    request: Request, found: Found, appointments: Store, videsk: VideskDep, at: Now
) -> Response:
    """Show the page of an appointment: wait, enter, or over."""
    left = math.ceil((found.starts_at - at).total_seconds())
    page = {"appointment": found, "refresh": min(left, REFRESH), "waits": left > 0}
    if at >= found.closes_at:
        return PAGES.TemplateResponse(request, "over.html", page, 410)
    if timedelta() < found.starts_at - at <= EARLY:
        try:
            await open_room(videsk.rooms, found, appointments, at)
        except VideskError as error:
            answer_to(error)  # logged; the page goes on waiting, and asks again
    return PAGES.TemplateResponse(request, "appointment.html", page)


@app.post("/a/{link}/room")
async def enter(
    response: Response, found: Found, appointments: Store, videsk: VideskDep, at: Now
) -> dict[str, str]:
    """Let somebody into the room, from the start until a while after the end."""
    if at < found.starts_at:
        raise HTTPException(409, "The appointment has not begun.")
    if at >= found.closes_at:
        raise HTTPException(410, "The appointment is over.")
    room = await open_room(videsk.rooms, found, appointments, at)
    access = await videsk.rooms.join(room)
    response.headers["Cache-Control"] = "no-store"
    return {"accessToken": access.access_token}


@app.get("/a/{link}/appointment.ics")
async def calendar(request: Request, found: Found, at: Now) -> Response:
    """Give the appointment to a calendar, which knows a moved one by its uid and sequence."""
    event = Event()
    event.add("uid", f"appointment-{found.id}@{request.url.hostname}")
    event.add("sequence", found.moves)
    event.add("dtstamp", at)
    event.add("dtstart", found.starts_at)
    event.add("dtend", found.ends_at)
    event.add("summary", found.title)
    event.add("url", str(request.url_for("show", link=found.link)))
    file = Calendar()
    file.add("prodid", "-//videsk-rooms//Appointments//EN")
    file.add("version", "2.0")
    file.add_component(event)
    return Response(file.to_ical(), media_type="text/calendar")


# -- the room -------------------------------------------------------------------------------------


async def open_room(
    rooms: AsyncRooms, appointment: Appointment, appointments: Appointments, at: datetime
) -> Room:
    """Return the room of an appointment; make it, or open it again, if need be."""
    try:
        return await room_of(rooms, appointment, at)
    except APIError as error:
        if error.room_state != "over":
            raise
    # The API does not open the room again, so the appointment gets another one.
    appointment = await run_in_threadpool(appointments.take_another_room, appointment)
    return await room_of(rooms, appointment, at)


async def room_of(rooms: AsyncRooms, appointment: Appointment, at: datetime) -> Room:
    """Return the room that an appointment has, with the appointment's times."""
    room = await rooms.get_or_create(
        appointment.external_id,
        name=appointment.title,
        nbf=appointment.starts_at if appointment.starts_at > at else None,
        exp=appointment.closes_at,
        renew=True,
    )
    return await fit(rooms, room, appointment, at)


async def fit(rooms: AsyncRooms, room: Room, appointment: Appointment, at: datetime) -> Room:
    """Give a room the times of its appointment, if it has others."""
    opens_at = max(appointment.starts_at, at)
    if room.nbf is not None and max(room.nbf, at) != opens_at:
        return await rooms.update(room, nbf=opens_at, exp=appointment.closes_at)
    if room.exp != appointment.closes_at:
        return await rooms.update(room, exp=appointment.closes_at)
    return room
