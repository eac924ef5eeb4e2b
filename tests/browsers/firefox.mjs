// Debian's Firefox ESR, driven by Marionette, which stock builds have.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { Marionette } from "./marionette.mjs";

const EXECUTABLE = "/usr/bin/firefox-esr";
const START_PATIENCE_MS = 20_000;
const SCRIPT_PATIENCE_MS = 60_000;

const PREFERENCES = {
  "marionette.port": 0, // a free one, told in the profile
  "media.navigator.permission.disabled": true,
  // The test's network has no route out; nothing may wait for one.
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "app.update.enabled": false,
  "browser.safebrowsing.downloads.remote.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "datareporting.healthreport.uploadEnabled": false,
  "extensions.update.enabled": false,
  "media.gmp-manager.updateEnabled": false,
};

/** Opens `url` in a Firefox with a fresh profile. */
export async function openFirefox(url) {
  const profile = await mkdtemp(join(tmpdir(), "firefox-"));
  await writeFile(join(profile, "user.js"), userPreferences());
  const browser = start(profile);
  const close = () => end(browser, profile);
  try {
    const session = await Marionette.connect(await listening(profile));
    await session.send("WebDriver:NewSession", { timeouts: { script: SCRIPT_PATIENCE_MS } });
    await session.send("WebDriver:Navigate", { url });
    return { call: (name, ...values) => call(session, name, values), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function userPreferences() {
  const line = ([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`;
  return Object.entries(PREFERENCES).map(line).join("");
}

function start(profile) {
  const options = ["--headless", "--no-remote", "--marionette", "--profile", profile];
  return spawn(EXECUTABLE, options, { stdio: "ignore", env: { ...process.env, HOME: profile } });
}

/** The port, which Firefox writes into its profile once it listens. */
async function listening(profile) {
  const deadline = Date.now() + START_PATIENCE_MS;
  while (Date.now() < deadline) {
    const port = await readFile(join(profile, "MarionetteActivePort"), "utf8").catch(() => "");
    if (port) return Number(port);
    await pause(50);
  }
  throw new Error("Firefox does not start");
}

async function call(session, name, values) {
  const script = "const [name, values] = arguments; return window[name](...values);";
  const parameters = { script, args: [name, values], sandbox: null };
  return (await session.send("WebDriver:ExecuteScript", parameters)).value;
}

async function end(browser, profile) {
  if (browser.exitCode === null && browser.kill()) await once(browser, "exit");
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}
