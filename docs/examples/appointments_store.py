"""The appointments of `appointments_app.py`, in SQLite by SQLAlchemy."""

import secrets
from datetime import datetime, timedelta, timezone

from sqlalchemy import DateTime, Dialect, TypeDecorator, create_engine, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

GRACE = timedelta(minutes=15)  # after the end; whoever comes back until then is let in


class UtcDateTime(TypeDecorator[datetime]):
    """Aware times, in whole seconds, which SQLite keeps without their zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what is stored."""
        if value is None:
            return None
        return value.astimezone(timezone.utc).replace(microsecond=0, tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what is read."""
        return value and value.replace(tzinfo=timezone.utc)


class Base(DeclarativeBase):
    """What all tables derive from."""


class Appointment(Base):
    """An appointment."""

    __tablename__ = "appointments"

    id: Mapped[int] = mapped_column(primary_key=True)
    link: Mapped[str] = mapped_column(unique=True)  # cannot be guessed: whoever has it may enter
    title: Mapped[str]
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    moves: Mapped[int] = mapped_column(default=0)
    room_number: Mapped[int] = mapped_column(default=1)

    @property
    def closes_at(self) -> datetime:
        """When nobody is let in any more, and everybody is disconnected."""
        return self.ends_at + GRACE

    @property
    def external_id(self) -> str:
        """The external id of its room."""
        return f"appointment-{self.id}-{self.room_number}"


class Appointments:
    """All appointments. Its methods block, so a coroutine calls them in a thread."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        self._sessions = sessionmaker(self._engine, expire_on_commit=False)
        Base.metadata.create_all(self._engine)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def add(self, title: str, starts_at: datetime, ends_at: datetime) -> Appointment:
        """Make an appointment."""
        made = Appointment(
            link=secrets.token_urlsafe(16), title=title, starts_at=starts_at, ends_at=ends_at
        )
        with self._sessions.begin() as session:
            session.add(made)
        return self._read(made)

    def find(self, link: str) -> Appointment | None:
        """Return the appointment of a link, if there is one."""
        with self._sessions() as session:
            return session.scalar(select(Appointment).where(Appointment.link == link))

    def move(self, found: Appointment, starts_at: datetime, ends_at: datetime) -> Appointment:
        """Give an appointment other times."""
        change = update(Appointment).where(Appointment.id == found.id)
        with self._sessions.begin() as session:
            session.execute(
                change.values(starts_at=starts_at, ends_at=ends_at, moves=Appointment.moves + 1)
            )
        return self._read(found)

    def take_another_room(self, found: Appointment) -> Appointment:
        """Count on to the next room, once for all who ask for it at the same time."""
        same = (Appointment.id == found.id, Appointment.room_number == found.room_number)
        with self._sessions.begin() as session:
            session.execute(
                update(Appointment).where(*same).values(room_number=found.room_number + 1)
            )
        return self._read(found)

    def _read(self, appointment: Appointment) -> Appointment:
        with self._sessions() as session:
            return session.get_one(Appointment, appointment.id)
