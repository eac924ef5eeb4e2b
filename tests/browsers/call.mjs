// Two pages call each other with the given servers and nothing else.
//
// stdin   {"browser": "chromium" | "firefox", "alice": RTCConfiguration, "bob": RTCConfiguration,
//          "seconds": …}
// stdout  {"alice": report, "bob": report} as `report` in party.js gives them

import { drive } from "./drive.mjs";

const CONNECT_PATIENCE_MS = 15_000;

await drive(async (given, alice, bob) => {
  const offer = await alice.call("offer", given.alice);
  const answer = await bob.call("answer", given.bob, offer);
  await alice.call("accept", answer);
  await Promise.all([alice, bob].map((page) => page.call("connected", CONNECT_PATIENCE_MS)));
});
