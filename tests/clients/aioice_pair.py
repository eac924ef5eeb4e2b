"""Two aioice agents exchange datagrams, both by relayed candidates alone.

stdin   {"server": RTCIceServer with one URL, "messages": …, "bytes": …}
stdout  {"alice": {"local": [type, host, port], "received": …, "intact": bool}, "bob": …}

For `turns:` the certificate is checked against the file that SSL_CERT_FILE names.
"""

import asyncio
import json
import re
import sys

import aioice

PATIENCE_S = 15
PACE_S = 0.001


async def main(given):
    alice = agent(given["server"], controlling=True)
    bob = agent(given["server"], controlling=False)
    await asyncio.gather(alice.gather_candidates(), bob.gather_candidates())
    await introduce(alice, bob)
    await introduce(bob, alice)
    await asyncio.gather(alice.connect(), bob.connect())
    payloads = [payload(n, given["bytes"]) for n in range(given["messages"])]
    got = await asyncio.gather(
        hear(alice, payloads), hear(bob, payloads), speak(alice, payloads), speak(bob, payloads)
    )
    result = {"alice": report(alice, got[0], payloads), "bob": report(bob, got[1], payloads)}
    await asyncio.gather(alice.close(), bob.close())
    print(json.dumps(result))


def agent(server, controlling):
    scheme, host, port, transport = re.fullmatch(
        r"(turns?):([\d.]+):(\d+)\?transport=(\w+)", server["urls"][0]
    ).groups()
    return aioice.Connection(
        ice_controlling=controlling,
        turn_server=(host, int(port)),
        turn_username=server["username"],
        turn_password=server["credential"],
        turn_ssl=scheme == "turns",
        turn_transport=transport,
        transport_policy=aioice.TransportPolicy.RELAY,
    )


async def introduce(one, other):
    one.remote_username = other.local_username
    one.remote_password = other.local_password
    for candidate in [*other.local_candidates, None]:
        await one.add_remote_candidate(candidate)


def payload(number, length):
    return bytes((number + at) % 256 for at in range(length))


async def speak(connection, payloads):
    for datagram in payloads:
        await connection.send(datagram)
        await asyncio.sleep(PACE_S)


async def hear(connection, payloads):
    return [await asyncio.wait_for(connection.recv(), PATIENCE_S) for _ in payloads]


def report(connection, got, payloads):
    local = [[c.type, c.host, c.port] for c in connection.local_candidates]
    return {"local": local, "received": len(got), "intact": got == payloads}


asyncio.run(asyncio.wait_for(main(json.load(sys.stdin)), 2 * PATIENCE_S))
