"""The rows: accounts and sessions, groups, members, things, connections, and an event for every change.

SQLAlchemy's ORM with plain sessions, as FastAPI's own tutorial has it; SQLite or PostgreSQL by the address alone.
"""

import os
import time
import uuid
from contextlib import contextmanager
from threading import Lock

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from sqlalchemy.types import JSON

SERIAL = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String, unique=True)
    name: Mapped[str]
    password: Mapped[str]
    created_at: Mapped[int] = mapped_column(BigInteger)


class Login(Base):
    """A session of somebody: only the hash of its token is kept."""

    __tablename__ = "sessions"
    token: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    expires_at: Mapped[int] = mapped_column(BigInteger)


class Group(Base):
    __tablename__ = "groups"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String, unique=True)
    name: Mapped[str]
    type: Mapped[str]
    created_at: Mapped[int] = mapped_column(BigInteger)


class Member(Base):
    __tablename__ = "members"
    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("groups.id"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    role: Mapped[str]


class Thing(Base):
    __tablename__ = "things"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("groups.id"))
    type: Mapped[str]
    name: Mapped[str]
    properties: Mapped[dict] = mapped_column(JSON)
    status: Mapped[str]
    owner_id: Mapped[uuid.UUID]
    visibility: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (Index("things_group", "group_id", "id"),)


class Connection(Base):
    __tablename__ = "connections"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("groups.id"))
    type: Mapped[str]
    from_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("things.id"))
    to_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("things.id"))
    created_at: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (UniqueConstraint("type", "from_id", "to_id"),)


class Event(Base):
    __tablename__ = "events"
    seq: Mapped[int] = mapped_column(SERIAL, primary_key=True, autoincrement=True)
    id: Mapped[uuid.UUID] = mapped_column(unique=True)
    group_id: Mapped[uuid.UUID]
    type: Mapped[str]
    actor_id: Mapped[uuid.UUID]
    target_id: Mapped[uuid.UUID]
    occurred_at: Mapped[int] = mapped_column(BigInteger)
    about: Mapped[dict] = mapped_column("metadata", JSON)
    __table_args__ = (Index("events_group", "group_id", "seq"), Index("events_target", "target_id", "seq"))


class Store:
    """Where the rows are; an answer of 2xx is on the disk."""

    def __init__(self, address: str) -> None:
        self.is_sqlite = address.startswith("sqlite")
        # One connection for each thread that handles requests (see WORKERS in server.py).
        self.engine = create_engine(address, pool_size=16, max_overflow=24, pool_timeout=30)
        self.sessions = sessionmaker(self.engine, expire_on_commit=False)
        # SQLite has one writer at a time: waiting here in turn beats trying again and again.
        self.turn = Lock()
        if self.is_sqlite:
            event.listen(self.engine, "connect", set_up)
            event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("begin"))
        Base.metadata.create_all(self.engine)

    @contextmanager
    def read(self):
        with self.sessions() as session:
            yield session

    @contextmanager
    def write(self):
        if self.is_sqlite:
            with self.turn, self.sessions.begin() as session:
                yield session
        else:
            with self.sessions.begin() as session:
                yield session


def set_up(connection, _record) -> None:
    # Transactions begin where SQLAlchemy says so, not where the driver guesses.
    connection.isolation_level = None
    for pragma in (
        "journal_mode = wal",
        "synchronous = full",
        "foreign_keys = on",
        "busy_timeout = 30000",
        "mmap_size = 1073741824",
        "cache_size = -16384",
    ):
        connection.execute(f"pragma {pragma}")


def record(session: Session, group: uuid.UUID, kind: str, actor: uuid.UUID, target: uuid.UUID, about: dict) -> None:
    """Writes down what happened, in the transaction in which it does."""
    session.add(
        Event(
            id=new_id(), group_id=group, type=kind, actor_id=actor, target_id=target, occurred_at=micros(), about=about
        )
    )


def micros() -> int:
    return time.time_ns() // 1000


def new_id() -> uuid.UUID:
    """UUIDv7: ids that sort by time, so that an index grows at its end."""
    text = (time.time_ns() // 1_000_000).to_bytes(6, "big") + os.urandom(10)
    return uuid.UUID(bytes=text[:6] + bytes([0x70 | text[6] & 0x0F, text[7], 0x80 | text[8] & 0x3F]) + text[9:])
