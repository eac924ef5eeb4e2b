// The status page: without the token, with a wrong one, then before and after packets that a relay drops.
//
// stdin   {"url": …, "token": …, "media": {"address": …, "port": …}, "datagrams": …, "screenshots": folder}
// stdout  {"policy": Content-Security-Policy, "locked": numbers, "wrong": what it says to a wrong token,
//          "before": numbers, "after": numbers, "requests": [path, …],
//          "complaints": [what the page or the browser found wrong, …],
//          "too_wide": pixels that a narrow window lacks, "hostile": what it made of markup in names,
//          "injected": whether a script of somebody else's ran, "silence": what it says without a relay}
//         where numbers are what the page shows, by data-name.

import { createSocket } from "node:dgram";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { launchChromium } from "./chromium.mjs";
import { asked, tell } from "./drive.mjs";

const PATIENCE_MS = 30_000;
const LOOK_MS = 100;

const given = await asked();
const browser = await launchChromium();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1100 } });
  const requests = new Set();
  page.on("request", (request) => requests.add(new URL(request.url()).pathname));

  const response = await page.goto(given.url);
  await page.waitForSelector("#door", { state: "visible", timeout: PATIENCE_MS });
  const locked = await numbers(page);
  await page.screenshot({ path: join(given.screenshots, "locked.png") });
  await show(page, `${given.token}x`);
  await page.waitForSelector("#standing.bad", { timeout: PATIENCE_MS });
  const wrong = await page.textContent("#standing");

  // The browser complains of each refusal, so only from here on.
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (line) => line.type() === "error" && complaints.push(line.text()));
  await show(page, given.token);
  const before = await until(page, (shown) => shown["fact.rooms"]);
  await send(given.media, given.datagrams);
  const more = (shown) => shown["fact.received"] !== before["fact.received"];
  await until(page, more);
  const after = await until(page, (shown) => shown["drops.unknown_protocol"] === `${given.datagrams}`);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(given.screenshots, `${colorScheme}.png`), fullPage: true });
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: join(given.screenshots, "narrow.png"), fullPage: true });
  const too_wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await page.reload();
  await until(page, (shown) => shown["fact.rooms"]);
  const found = [...complaints];
  const injected = await page.evaluate(inject);
  const seen = [...requests];
  const hostile = await withHostileNames(page);
  await page.unrouteAll();
  await page.route("**/v1/status", (route) => route.abort());
  const silence = await silent(page);
  const policy = response.headers()["content-security-policy"];
  const shown = { locked, wrong, before, after, too_wide, hostile, silence };
  tell({ policy, ...shown, requests: seen, complaints: found, injected });
} finally {
  await browser.close();
}

/** Types a token. */
async function show(page, token) {
  await page.fill("#token", token);
  await page.click("#door button");
}

function numbers(page) {
  return page.$$eval("[data-name]", (all) =>
    Object.fromEntries(all.map((one) => [one.dataset.name, one.textContent])),
  );
}

/** What the page makes of a relay whose every name is markup. */
async function withHostileNames(page) {
  const name = `<img src="x" onerror="window.injected = true">`;
  const marked = (value) =>
    typeof value === "string" ? name : value && typeof value === "object" ? each(value) : value;
  const each = (value) =>
    Array.isArray(value) ? value.map(marked) : Object.fromEntries(Object.entries(value).map(([key, one]) => [key, marked(one)]));
  await page.route("**/v1/status", async (route) => {
    const answer = await route.fetch();
    const now = { ...each(await answer.json()), problems: [name] };
    await route.fulfill({ response: answer, json: now });
  });
  await page.waitForFunction((name) => document.getElementById("standing").textContent === name, name);
  const site = await page.textContent("#site");
  const elements = await page.$$eval("img, script[src], [onerror]", (all) => all.length);
  const ran = await page.evaluate(() => window.injected === true);
  return { is_text: site === name, elements, ran };
}

/** What the page shows, once `good` says so. */
async function until(page, good) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const shown = await numbers(page);
    if (good(shown)) return shown;
    if (Date.now() > end) throw new Error(`the page stays at ${JSON.stringify(shown)}`);
    await pause(LOOK_MS);
  }
}

async function silent(page) {
  await page.waitForSelector("#numbers.old", { timeout: PATIENCE_MS });
  return page.textContent("#standing");
}

/** In the page: whether a script that is not the page's own runs. */
function inject() {
  const script = document.createElement("script");
  script.textContent = "window.injected = true";
  document.body.append(script);
  return window.injected === true;
}

/** Datagrams of no protocol that a relay knows. */
async function send({ address, port }, count) {
  const socket = createSocket("udp4");
  const sent = (datagram) =>
    new Promise((resolve, reject) => {
      socket.send(datagram, port, address, (error) => (error ? reject(error) : resolve()));
    });
  await new Promise((resolve) => socket.bind(0, "127.1.0.9", resolve));
  for (let number = 0; number < count; number++) await sent(Buffer.alloc(10, 0x05));
  socket.close();
}
