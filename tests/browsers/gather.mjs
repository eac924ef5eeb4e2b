// One page gathers candidates.
//
// stdin   {"browser": "chromium" | "firefox", "configuration": RTCConfiguration, "patience_ms": …}
// stdout  {"complete": bool, "candidates": [SDP line, …], "errors": [{url, errorCode, errorText}, …]}

import { asked, tell, withPages } from "./drive.mjs";

const given = await asked();
await withPages(1, given.browser, async (page) => {
  tell(await page.call("gather", given.configuration, given.patience_ms));
});
