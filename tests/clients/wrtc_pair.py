"""Two libwebrtc connections exchange data channel messages, both by relayed candidates alone.

stdin   {"server": RTCIceServer, "messages": …, "bytes": …}
stdout  {"alice": {"local": {…}, "received": …, "intact": bool}, "bob": …}; `local` is the selected
        candidate: `type`, `relay_protocol`, `address`, `port`
"""

import asyncio
import json
import sys

import webrtc

PATIENCE_S = 15
# Both ends have the channel at once (RFC 8832 would have one end announce it).
NEGOTIATED = webrtc.RTCDataChannelInit(negotiated=True, id=0)


async def main(given):
    alice, bob = connection(given["server"]), connection(given["server"])
    ends = [pc.create_data_channel("test", NEGOTIATED) for pc in (alice, bob)]
    opened = [when(end, "open") for end in ends]
    messages = [bytes((n + at) % 256 for at in range(given["bytes"])) for n in range(given["messages"])]
    hearing = [collect(end, len(messages)) for end in ends]
    await negotiate(alice, bob)
    await asyncio.gather(*opened)
    for message in messages:
        for end in ends:
            end.send(message)
    heard = await asyncio.gather(*hearing)
    result = {
        "alice": await report(alice, heard[0], messages),
        "bob": await report(bob, heard[1], messages),
    }
    alice.close()
    bob.close()
    print(json.dumps(result))


def connection(server):
    configuration = webrtc.RTCConfiguration(
        ice_servers=[webrtc.RTCIceServer(**server)], ice_transport_policy="relay"
    )
    return webrtc.RTCPeerConnection(configuration)


async def negotiate(alice, bob):
    await bob.set_remote_description(await describe(alice, await alice.create_offer()))
    await alice.set_remote_description(await describe(bob, await bob.create_answer()))


async def describe(pc, description):
    """The description with all candidates in it."""
    gathered = asyncio.get_running_loop().create_future()

    def look(_event):
        if pc.ice_gathering_state == "complete" and not gathered.done():
            gathered.set_result(None)

    pc.on("icegatheringstatechange", look)
    await pc.set_local_description(description)
    await gathered
    return pc.local_description


def when(target, event):
    happened = asyncio.get_running_loop().create_future()
    target.on(event, lambda _: happened.done() or happened.set_result(None))
    return happened


def collect(channel, count):
    """Resolves to the first `count` messages."""
    full, heard = asyncio.get_running_loop().create_future(), []

    def take(event):
        heard.append(bytes(event.data))
        if len(heard) == count:
            full.set_result(heard)

    channel.on("message", take)
    return full


async def report(pc, heard, messages):
    stats = await pc.get_stats()
    transport = next(s for s in stats.values() if s.type == "transport")
    pair = stats[transport.selected_candidate_pair_id]
    local = stats[pair.local_candidate_id]
    return {
        "local": {
            "type": str(local.candidate_type.value),
            "relay_protocol": str(local.relay_protocol.value),
            "address": local.address,
            "port": local.port,
        },
        "received": len(heard),
        "intact": heard == messages,
    }


asyncio.run(asyncio.wait_for(main(json.load(sys.stdin)), 2 * PATIENCE_S))
