"""A FastAPI application that lets a class in at nine.

uvicorn class_app:app
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from fastapi import FastAPI, Request

from videsk_rooms import AsyncAccessStock, AsyncVidesk
from videsk_rooms.integrations.fastapi import VideskState, add_error_handlers

PEOPLE = 300
LENGTH = timedelta(hours=2)


class State(VideskState):
    """The client, and the tokens for the class."""

    stock: AsyncAccessStock


def this_nine() -> datetime:
    """Return when the class begins: today at nine, or tomorrow once that class is over."""
    now = datetime.now().astimezone()
    nine = now.replace(hour=9, minute=0, second=0, microsecond=0)
    return nine if now < nine + LENGTH else nine + timedelta(days=1)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[State]:
    """Create the room, and fill the stock while the application runs."""
    nine = this_nine()
    async with AsyncVidesk(timeout=10.0) as videsk:
        room = await videsk.rooms.get_or_create(
            f"class-{nine:%Y-%m-%d}", name="Algebra", nbf=nine, exp=nine + LENGTH
        )
        async with videsk.rooms.access_stock(room, size=PEOPLE) as stock:
            yield {"videsk": videsk, "stock": stock}


app = FastAPI(lifespan=lifespan)
add_error_handlers(app)


@app.post("/class/access")
async def enter(request: Request) -> dict[str, str]:
    """Hand out a token; check before who asks for it."""
    stock: AsyncAccessStock = request.state.stock
    access = await stock.take()
    return {"accessToken": access.access_token}
