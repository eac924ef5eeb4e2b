// A room of two without TURN: the relay is an ICE-lite hop, and DTLS runs from page to page.
//
// Each page offers. The relay answers each of them with the other one's offer, in which its own
// address and credentials stand in place of the other page's.
//
// stdin   {"browser": "chromium" | "firefox", "socket": API, "tenant": …, "room": …, "seconds": …}
// stdout  {"alice": report, "bob": report} as `report` in party.js gives them

import { request } from "node:http";

import { drive } from "./drive.mjs";
import { behind, iceOf } from "./sdp.mjs";

const CONNECT_PATIENCE_MS = 15_000;

await drive(async (given, alice, bob) => {
  const offers = [await alice.call("offer", {}), await bob.call("offer", {})];
  const hops = [await join(given, "alice", offers[0]), await join(given, "bob", offers[1])];
  await alice.call("accept", behind(hops[0], offers[1], "active"));
  await bob.call("accept", behind(hops[1], offers[0], "passive"));
  await Promise.all([alice, bob].map((page) => page.call("connected", CONNECT_PATIENCE_MS)));
});

/** Makes a participant whose own ICE credentials are those of the offer. */
function join({ socket, tenant, room }, participant, offer) {
  return post(socket, `/v1/rooms/${room}/participants`, { tenant, participant, ice: iceOf(offer) });
}

function post(socketPath, path, body) {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const call = request({ socketPath, path, method: "POST", headers }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      response.statusCode === 201 ? resolve(JSON.parse(text)) : reject(new Error(`${path}: ${text}`));
    });
    call.on("error", reject).end(JSON.stringify(body));
  });
}
