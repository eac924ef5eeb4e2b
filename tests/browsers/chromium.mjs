// Debian's Chromium, driven by playwright-core.

import { chromium } from "playwright-core";

const EXECUTABLE = "/usr/bin/chromium";
const ARGUMENTS = [
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  // The test's TURN certificate is signed by nobody; libwebrtc asks the browser's verifier.
  "--ignore-certificate-errors",
];

/** Starts a Chromium with a fresh profile. */
export function launchChromium() {
  return chromium.launch({ executablePath: EXECUTABLE, chromiumSandbox: false, args: ARGUMENTS });
}

/** Opens `url` in a Chromium with a fresh profile. */
export async function openChromium(url) {
  const browser = await launchChromium();
  const page = await browser.newPage();
  await page.goto(url);
  return {
    call: (name, ...values) =>
      page.evaluate(({ name, values }) => window[name](...values), { name, values }),
    close: () => browser.close(),
  };
}
