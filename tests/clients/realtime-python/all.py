"""What a program does with `python-socketio`, unchanged: asyncio and threads.

`cargo test` makes the server and the people, and says in SIXFOLD_SCENE who they are, as in
../realtime/house.mjs.
"""

import asyncio
import functools
import json
import os
import queue
import time
import unittest
import urllib.request

import socketio

SCENE = json.loads(os.environ["SIXFOLD_SCENE"])
URL, GROUP, ROOM, PEOPLE = (SCENE[key] for key in ("url", "group", "room", "people"))
TOPIC = f"group:{GROUP}"
PATIENCE = 60


def post(path, body, token=None):
    """A request to the API."""
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


async def thing(name, title):
    """A new note of somebody."""
    body = {"groupId": GROUP, "type": "note", "name": title}
    return (await asyncio.to_thread(post, "/v1/things", body, PEOPLE[name]["token"]))["id"]


class Wire:
    """What is between a client and the server, and can be cut."""

    async def open(self):
        self.lines, self.whole = set(), True
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def accept(self, reader, writer):
        if not self.whole:
            writer.transport.abort()
            return
        there = await asyncio.open_connection(*URL.removeprefix("http://").split(":"))
        line = [writer, there[1]]
        self.lines.update(line)
        await asyncio.gather(self.pass_on(reader, line[1]), self.pass_on(there[0], line[0]))

    async def pass_on(self, reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
        except ConnectionError:
            pass
        writer.close()

    def cut(self):
        self.whole = False
        while self.lines:
            self.lines.pop().transport.abort()

    def mend(self):
        self.whole = True

    async def close(self):
        self.server.close()
        self.cut()
        await asyncio.sleep(0)


class Listener:
    """A connection that keeps what it hears."""

    def __init__(self, **options):
        self.client = socketio.AsyncClient(reconnection_delay=0.05, reconnection_delay_max=0.5, **options)
        self.heard = []
        self.news = asyncio.Condition()
        self.client.on("*", self.hear)
        for event in ("connect", "disconnect", "connect_error"):
            self.client.on(event, functools.partial(self.hear, event))

    async def hear(self, event, *told):
        async with self.news:
            self.heard.append((event, *told))
            self.news.notify_all()

    async def connect(self, token, transports, url=URL):
        await self.client.connect(url, auth={"token": token}, transports=transports)

    def all(self, event):
        return [told[0] if told else None for name, *told in self.heard if name == event]

    async def hears(self, event, found=lambda _: True, times=1):
        """Waits until something is heard for which `found` holds, so many times."""

        def enough():
            return len([one for one in self.all(event) if found(one)]) >= times

        async with self.news:
            await asyncio.wait_for(self.news.wait_for(enough), PATIENCE)
        return [one for one in self.all(event) if found(one)][times - 1]

    async def ok(self, event, body):
        answer = await self.client.call(event, body, timeout=PATIENCE)
        assert answer["ok"] is True, answer
        return answer


class Asyncio(unittest.IsolatedAsyncioTestCase):
    async def connected(self, name, transports=("websocket",), **options):
        listener = Listener(**options)
        await listener.connect(PEOPLE[name]["token"], list(transports))
        self.addAsyncCleanup(listener.client.shutdown)
        return listener

    async def test_connects_and_listens(self):
        for transports in (["polling"], ["websocket"], ["polling", "websocket"]):
            with self.subTest(transports):
                alice = await self.connected("alice", transports)
                answer = await alice.ok("subscribe", {"topic": TOPIC})
                self.assertTrue(answer["cursor"])
                made = await thing("bob", f"by {transports}")
                event = await alice.hears("event", lambda one: one["targetId"] == made)
                self.assertEqual(
                    (event["type"], event["groupId"], event["actorId"], event["topic"]),
                    ("thing_created", GROUP, PEOPLE["bob"]["id"], TOPIC),
                )
                self.assertEqual(alice.client.transport(), transports[-1])

    async def test_is_refused_with_a_code(self):
        for transport in ("polling", "websocket"):
            nobody = Listener(reconnection=False)
            with self.assertRaises(socketio.exceptions.ConnectionError):
                await nobody.connect("nobody", [transport])
            told = await nobody.hears("connect_error")
            self.assertEqual(told["data"]["code"], "invalid_token")
            await nobody.client.shutdown()

    async def test_a_message_is_acknowledged_and_heard(self):
        alice, bob = await self.connected("alice"), await self.connected("bob", ["polling"])
        for one in (alice, bob):
            await one.ok("join_room", {"room": ROOM})
        body = {"room": ROOM, "body": "hello from a program", "clientId": "py-1"}
        sent = await bob.ok("message", body)
        heard = await alice.hears("message", lambda one: one["messageId"] == sent["messageId"])
        self.assertEqual((heard["body"], heard["seq"]), (body["body"], sent["seq"]))
        self.assertEqual(await bob.ok("message", body), sent)
        refused = await bob.client.call("message", {"room": ROOM, "body": ""}, timeout=PATIENCE)
        self.assertEqual((refused["ok"], refused["code"]), (False, "too_short"))
        refused = await bob.client.call("message", {"room": ROOM, "body": b"\0"}, timeout=PATIENCE)
        self.assertEqual((refused["ok"], refused["code"]), (False, "binary_not_supported"))

    async def test_goes_on_where_it_was(self):
        for transport in ("polling", "websocket"):
            with self.subTest(transport):
                wire, alice = Wire(), Listener()
                await alice.connect(PEOPLE["alice"]["token"], [transport], await wire.open())
                self.addAsyncCleanup(wire.close)
                self.addAsyncCleanup(alice.client.shutdown)
                await alice.ok("subscribe", {"topic": TOPIC})
                made = [await thing("bob", "before")]
                last = await alice.hears("event", lambda one: one["targetId"] == made[0])
                # As when the network goes: nobody says good-bye.
                wire.cut()
                await alice.hears("disconnect")
                made += [await thing("bob", f"missed {count}") for count in range(20)]
                wire.mend()
                await alice.hears("connect", times=2)
                answer = await alice.ok("subscribe", {"topic": TOPIC, "since": last["cursor"]})
                self.assertTrue(answer["recovered"])
                made.append(await thing("bob", "after"))
                await alice.hears("event", lambda one: one["targetId"] == made[-1])
                # What was made a moment before it began to listen may be told, too.
                told = [one["targetId"] for one in alice.all("event") if one["targetId"] in made]
                self.assertEqual(told, made)

    async def test_who_is_signed_out_is_told_so_and_sent_away(self):
        for transport in ("polling", "websocket"):
            with self.subTest(transport):
                email = f"{transport}.{time.time_ns()}@example.com"
                person = {"email": email, "password": "violet anchor 42 lantern", "name": "Leaving"}
                token = (await asyncio.to_thread(post, "/v1/auth/sign-up/email", person))["token"]
                leaving = Listener()
                await leaving.connect(token, [transport])
                await leaving.ok("subscribe", {"topic": "person:me"})
                await asyncio.to_thread(post, "/v1/auth/sign-out", {}, token)
                self.assertEqual((await leaving.hears("session_revoked"))["code"], "invalid_token")
                # For good: it does not come back by itself.
                self.assertEqual(await leaving.hears("disconnect"), "server disconnect")
                await asyncio.wait_for(leaving.client.wait(), PATIENCE)
                self.assertFalse(leaving.client.connected)


class Threads(unittest.TestCase):
    def test_the_client_without_asyncio(self):
        for transport in ("polling", "websocket"):
            with self.subTest(transport):
                client = socketio.Client()
                self.addCleanup(client.shutdown)
                told = queue.Queue()
                client.on("message", told.put)
                client.connect(URL, auth={"token": PEOPLE["alice"]["token"]}, transports=[transport])
                self.assertTrue(client.call("join_room", {"room": ROOM})["ok"])
                with socketio.SimpleClient() as other:
                    other.connect(URL, auth={"token": PEOPLE["bob"]["token"]}, transports=[transport])
                    sent = other.call("message", {"room": ROOM, "body": f"by {transport}"})
                    self.assertTrue(sent["ok"], sent)
                self.assertEqual(told.get(timeout=PATIENCE)["messageId"], sent["messageId"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
