"""The stack most Python apps of this kind have: FastAPI, SQLAlchemy, Argon2, uvicorn with uvloop.

It answers the requests the load generator makes and nothing else.

    python server.py PORT ADDRESS      (sqlite:////a/file.db or postgresql+psycopg://…)
"""

import hashlib
import secrets
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import anyio.to_thread
import uvicorn
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from store import Connection, Group, Login, Member, Store, Thing, User, micros, new_id, record

#: Threads that handle requests; the framework's own number.
WORKERS = 40
WRITERS = ("owner", "editor")
SESSION_DAYS = 30

store = Store(sys.argv[2])
# OWASP's least, which is what Sixfold hashes with.
hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


@asynccontextmanager
async def lifespan(_app: FastAPI):
    anyio.to_thread.current_default_thread_limiter().total_tokens = WORKERS
    yield


app = FastAPI(lifespan=lifespan)


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignUp(Body):
    name: str = Field(min_length=1, max_length=200)
    email: str = Field(min_length=3, max_length=254)
    password: str = Field(min_length=12, max_length=128)


class SignIn(Body):
    email: str = Field(max_length=254)
    password: str = Field(max_length=128)


class NewGroup(Body):
    name: str = Field(min_length=1, max_length=200)
    slug: str = Field(min_length=1, max_length=100)
    type: str = Field(max_length=50)


class Post(Body):
    slug: str = Field(max_length=200)
    category: str = Field(max_length=100)
    tags: list[Annotated[str, Field(max_length=50)]] = Field(max_length=50)
    excerpt: str = Field(max_length=1000)
    content: str = Field(max_length=100_000)


class NewThing(Body):
    groupId: UUID
    type: Literal["blog_post"]
    name: str = Field(min_length=1, max_length=200)
    properties: Post


class NewConnection(Body):
    type: Literal["references"]
    fromId: UUID
    toId: UUID


class ThingView(BaseModel):
    id: UUID
    groupId: UUID
    type: str
    name: str
    properties: dict
    status: str
    ownerId: UUID
    visibility: str
    version: int
    createdAt: datetime
    updatedAt: datetime


class Page(BaseModel):
    data: list[ThingView]
    hasMore: bool


def moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1_000_000, UTC)


def shown(thing: Thing) -> ThingView:
    return ThingView(
        id=thing.id,
        groupId=thing.group_id,
        type=thing.type,
        name=thing.name,
        properties=thing.properties,
        status=thing.status,
        ownerId=thing.owner_id,
        visibility=thing.visibility,
        version=thing.version,
        createdAt=moment(thing.created_at),
        updatedAt=moment(thing.updated_at),
    )


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def signed_in(session, user: UUID) -> str:
    token = secrets.token_urlsafe(32)
    session.add(Login(token=digest(token), user_id=user, expires_at=micros() + SESSION_DAYS * 86_400_000_000))
    return token


def somebody(session, authorization: str | None) -> UUID:
    """Who holds the token, by the session's row; 401 for nobody. One transaction with what they ask for."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        found = session.execute(
            select(User.id)
            .join(Login, Login.user_id == User.id)
            .where(Login.token == digest(token), Login.expires_at > micros())
        ).scalar_one_or_none()
        if found is not None:
            return found
    raise HTTPException(401, "Sign in first.")


Token = Annotated[str | None, Header(alias="authorization")]


def writer_of(session, group: UUID, user: UUID) -> None:
    role = session.execute(
        select(Member.role).where(Member.group_id == group, Member.user_id == user)
    ).scalar_one_or_none()
    if role is None:
        raise HTTPException(404, "There is no such group.")
    if role not in WRITERS:
        raise HTTPException(403, "Your role may not write here.")


def seen(user: UUID, thing: UUID):
    """The policy is part of the statement: what one may not see is not there."""
    return (
        select(Thing)
        .join(Member, (Member.group_id == Thing.group_id) & (Member.user_id == user))
        .where(Thing.id == thing, or_(Thing.visibility != "private", Thing.owner_id == user))
    )


@app.get("/ready")
def ready() -> dict:
    return {"status": "ready"}


@app.get("/v1/auth/ok")
def ok(token: Token = None) -> dict:
    # Without a credential an answer and nothing else; with one, the session is looked up.
    if token is not None:
        with store.read() as session:
            somebody(session, token)
    return {"ok": True}


@app.post("/v1/auth/sign-up/email")
def sign_up(new: SignUp) -> dict:
    hashed = hasher.hash(new.password)
    try:
        with store.write() as session:
            user = User(id=new_id(), email=new.email.lower(), name=new.name, password=hashed, created_at=micros())
            session.add(user)
            session.flush()
            token = signed_in(session, user.id)
    except IntegrityError:
        raise HTTPException(422, "This address has an account.") from None
    return {"token": token, "user": {"id": user.id, "name": user.name, "email": user.email}}


@app.post("/v1/auth/sign-in/email")
def sign_in(given: SignIn) -> dict:
    with store.read() as session:
        user = session.execute(select(User).where(User.email == given.email.lower())).scalar_one_or_none()
    try:
        hasher.verify(user.password if user else NOBODY, given.password)
    except VerifyMismatchError:
        user = None
    if user is None:
        raise HTTPException(401, "Address or password is wrong.")
    with store.write() as session:
        token = signed_in(session, user.id)
    return {"token": token, "user": {"id": user.id, "name": user.name, "email": user.email}}


#: Somebody unknown takes as long as somebody known.
NOBODY = hasher.hash(secrets.token_urlsafe(16))


@app.post("/v1/groups", status_code=201)
def create_group(new: NewGroup, token: Token = None) -> dict:
    try:
        with store.write() as session:
            user = somebody(session, token)
            group = Group(id=new_id(), slug=new.slug, name=new.name, type=new.type, created_at=micros())
            session.add(group)
            session.flush()
            session.add(Member(group_id=group.id, user_id=user, role="owner"))
            record(session, group.id, "group_created", user, group.id, {"name": new.name})
    except IntegrityError:
        raise HTTPException(409, "There is such a group.") from None
    return {"id": group.id, "slug": group.slug, "name": group.name, "type": group.type}


@app.post("/v1/things", status_code=201)
def create_thing(new: NewThing, token: Token = None) -> ThingView:
    with store.write() as session:
        user = somebody(session, token)
        writer_of(session, new.groupId, user)
        now = micros()
        thing = Thing(
            id=new_id(),
            group_id=new.groupId,
            type=new.type,
            name=new.name,
            properties=new.properties.model_dump(),
            status="active",
            owner_id=user,
            visibility="group",
            version=1,
            created_at=now,
            updated_at=now,
        )
        session.add(thing)
        record(session, thing.group_id, "thing_created", user, thing.id, {"type": new.type, "name": new.name})
    return shown(thing)


@app.get("/v1/things/{thing_id}")
def get_thing(thing_id: UUID, token: Token = None) -> ThingView:
    with store.read() as session:
        user = somebody(session, token)
        thing = session.execute(seen(user, thing_id)).scalar_one_or_none()
    if thing is None:
        raise HTTPException(404, "There is no such thing.")
    return shown(thing)


@app.get("/v1/things")
def list_things(groupId: UUID, token: Token = None, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Page:
    with store.read() as session:
        user = somebody(session, token)
        member = session.execute(select(Member.role).where(Member.group_id == groupId, Member.user_id == user))
        if member.scalar_one_or_none() is None:
            raise HTTPException(404, "There is no such group.")
        rows = session.scalars(
            select(Thing)
            .where(Thing.group_id == groupId, or_(Thing.visibility != "private", Thing.owner_id == user))
            .order_by(Thing.id.desc())
            .limit(limit + 1)
        ).all()
    return Page(data=[shown(row) for row in rows[:limit]], hasMore=len(rows) > limit)


@app.post("/v1/connections", status_code=201)
def create_connection(new: NewConnection, response: Response, token: Token = None) -> dict:
    with store.write() as session:
        user = somebody(session, token)
        ends = [session.execute(seen(user, end)).scalar_one_or_none() for end in (new.fromId, new.toId)]
        if None in ends:
            raise HTTPException(404, "There is no such thing.")
        group = ends[0].group_id
        if ends[1].group_id != group:
            raise HTTPException(422, "Both ends are in one group.")
        writer_of(session, group, user)
        row = session.execute(
            select(Connection).where(
                Connection.type == new.type, Connection.from_id == new.fromId, Connection.to_id == new.toId
            )
        ).scalar_one_or_none()
        kind = "connection_updated"
        if row is None:
            kind = "connection_created"
            row = Connection(
                id=new_id(), group_id=group, type=new.type, from_id=new.fromId, to_id=new.toId, created_at=micros()
            )
            session.add(row)
        record(session, group, kind, user, row.id, {"type": new.type})
    if kind == "connection_updated":
        response.status_code = 200
    return {"id": row.id, "groupId": row.group_id, "type": row.type, "fromId": row.from_id, "toId": row.to_id}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False)
