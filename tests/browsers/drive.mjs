// What every driver does: read what is asked from stdin, open two pages, let them call, print reports.

import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";

import { openChromium } from "./chromium.mjs";
import { openFirefox } from "./firefox.mjs";

const PAGE = new URL("index.html", import.meta.url).href;

/**
 * Runs `connect(given, alice, bob)` with two pages, lets media flow for `given.seconds`, and prints
 * `{"alice": report, "bob": report}`. A page has `call(name, ...values)`, which calls what party.js
 * defines.
 */
export async function drive(connect) {
  const given = await asked();
  await withPages(2, given.browser, async (alice, bob) => {
    await connect(given, alice, bob);
    await pause(given.seconds * 1000);
    const [first, second] = await Promise.all([alice.call("report"), bob.call("report")]);
    tell({ alice: first, bob: second });
  });
}

/** What the caller wrote to stdin. */
export async function asked() {
  return JSON.parse(await text(process.stdin));
}

/** Prints the result, one JSON object. */
export function tell(result) {
  console.log(JSON.stringify(result));
}

/** Opens so many pages, each in a browser of its own, and closes them whatever happens. */
export async function withPages(count, browser, use) {
  const open = { chromium: openChromium, firefox: openFirefox }[browser];
  const opening = await Promise.allSettled(Array.from({ length: count }, () => open(PAGE)));
  const pages = opening.flatMap((one) => one.value ?? []);
  try {
    const failed = opening.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
    await use(...pages);
  } finally {
    await Promise.all(pages.map((page) => page.close()));
  }
}
