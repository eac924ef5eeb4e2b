
"use strict";

const PERIOD_MS = 2000;
const PATIENCE_MS = 10000;

const TOKEN = "ringfence-token";

/** The answer before the last one, and when the last one came. */
let earlier = null;
let answered = null;

/** What waits for the next question. */
let next = null;

const place = (id) => document.getElementById(id);
const count = (value) => Math.round(value).toLocaleString("en");

/** A rate is unknown until there are two answers. */
const rate = (value) => (value === null ? "–" : count(value));

function element(tag, text, classes = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = classes;
  return made;
}

/** Whatever has a name is found by it: [data-name="…"]. */
function named(name, made) {
  made.dataset.name = name;
  return made;
}

function bits(bytes) {
  if (bytes === null) return "–";
  let amount = bytes * 8;
  for (const unit of ["bit/s", "kbit/s", "Mbit/s"]) {
    if (amount < 1000) return `${amount.toFixed(unit === "bit/s" ? 0 : 1)} ${unit}`;
    amount /= 1000;
  }
  return `${amount.toFixed(1)} Gbit/s`;
}

function time(seconds) {
  const [days, hours] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24];
  const [minutes, rest] = [Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${rest} s` : `${rest} s`;
}

/** Fills a table; a heading that begins with "#" stands over numbers. */
function fill(id, headings, rows, nothing) {
  const head = document.createElement("tr");
  for (const heading of headings) {
    const isNumber = heading.startsWith("#");
    const cell = element("th", isNumber ? heading.slice(1) : heading, isNumber ? "n" : "");
    cell.scope = "col";
    head.append(cell);
  }
  const bodies = rows.map((cells) => {
    const row = document.createElement("tr");
    row.append(...cells);
    return row;
  });
  if (!rows.length) {
    const row = document.createElement("tr");
    const cell = element("td", nothing, "faint");
    cell.colSpan = headings.length;
    row.append(cell);
    bodies.push(row);
  }
  place(id).replaceChildren(head, ...bodies);
}

/** Reads the sum of what all shards count. */
const sum = (field) => (status) => status.shards.reduce((all, shard) => all + shard[field], 0);

function facts(now, growth) {
  const total = (list) => list.reduce((all, one) => all + one.count, 0);
  const all = {
    rooms: ["Rooms", count(now.rooms)],
    participants: ["Participants", `${count(now.latched)} of ${count(now.participants)} connected`],
    allocations: ["TURN allocations", count(now.allocations)],
    ports: ["Relay ports", `${count(now.ports_free)} free`],
    received: ["Packets in", count(sum("received")(now))],
    received_rate: ["Packets in/s", rate(growth(sum("received")))],
    copies_rate: ["Packets out/s", rate(growth(sum("copies")))],
    bits_rate: ["Sent", bits(growth(sum("copied_bytes")))],
    refused: ["Refused by the fence", count(total(now.refusals))],
    dropped: ["Packets dropped", count(total(now.drops))],
    uptime: ["Running for", time(now.uptime_s)],
    policy: ["Policy", `${now.policy_epoch}${now.policy_stale ? ", stale" : ""}`],
  };
  const cards = Object.entries(all).map(([name, [title, value]]) => {
    const card = document.createElement("div");
    card.append(element("dt", title), named(`fact.${name}`, element("dd", value)));
    return card;
  });
  place("facts").replaceChildren(...cards);
}

function shards(now, growth) {
  const rows = now.shards.map((shard, number) => {
    const grown = (field) => growth((status) => status.shards[number]?.[field] ?? 0);
    const loaded = element("td", "");
    const meter = document.createElement("meter");
    Object.assign(meter, { min: 0, max: 1, low: 0.7, high: 0.85, optimum: 0, value: shard.load });
    loaded.append(meter, `${Math.round(shard.load * 100)} %`);
    return [
      element("td", `${number}`),
      element("td", shard.running ? "runs" : "has stopped", shard.running ? "" : "bad"),
      named(`shard.${number}.load`, loaded),
      named(`shard.${number}.received`, element("td", count(shard.received), "n")),
      element("td", rate(grown("received")), "n"),
      element("td", rate(grown("copies")), "n"),
      element("td", bits(grown("copied_bytes")), "n"),
      element("td", count(shard.dropped + shard.queue_drops), "n"),
      named(`shard.${number}.panics`, element("td", count(shard.panics), shard.panics ? "n bad" : "n")),
      element("td", count(shard.allocations), "n"),
    ];
  });
  const headings = ["Shard", "State", "Load", "#Packets in", "#In/s", "#Out/s", "#Sent", "#Dropped", "#Bugs", "#Allocations"];
  fill("shards", headings, rows, "none");
}

function regions(now) {
  const names = now.regions.map((one) => one.region);
  const flows = new Map(now.flows.map((one) => [`${one.from}\n${one.to}`, one.flows]));
  const most = Math.max(1, ...flows.values());
  const rows = now.regions.map((from) => {
    const cells = names.map((to) => {
      const between = flows.get(`${from.region}\n${to}`) ?? 0;
      const cell = element("td", between ? count(between) : "·", "n heat");
      cell.style.setProperty("--share", between / most);
      return named(`flows.${from.region}.${to}`, cell);
    });
    return [
      element("th", from.region),
      ...cells,
      named(`region.${from.region}.participants`, element("td", count(from.participants), "n edge")),
      named(`region.${from.region}.allocations`, element("td", count(from.allocations), "n")),
    ];
  });
  const to = names.map((name) => `#→ ${name}`);
  fill("regions", ["From", ...to, "#Participants", "#TURN clients"], rows, "nobody is connected");
}

/** A list of counts; `key` names one of them. */
function counts(id, headings, now, growth, list, key, nothing) {
  const rows = list(now).map((one) => {
    const before = (status) => list(status).find((other) => key(other) === key(one))?.count ?? 0;
    const cells = Object.entries(one).filter(([field]) => field !== "count");
    return [
      ...cells.map(([, text]) => element("td", text)),
      named(`${id}.${key(one)}`, element("td", count(one.count), "n")),
      element("td", rate(growth(before)), "n"),
    ];
  });
  fill(id, headings, rows, nothing);
}

function standing(now) {
  const banner = place("standing");
  const good = !now.problems.length;
  const full = now.full ? " It is full and takes no more for now." : "";
  banner.className = `banner ${good ? "good" : "bad"}`;
  banner.textContent = good ? `In standing: calls may be sent here.${full}` : now.problems.join("\n");
}

function show(now) {
  // Another process counts from zero.
  const before = earlier && earlier.uptime_s < now.uptime_s ? earlier : null;
  const growth = (read) => (before ? (read(now) - read(before)) / (now.uptime_s - before.uptime_s) : null);
  document.title = `${now.site}: Ringfence`;
  place("site").textContent = now.site;
  place("about").textContent = `in ${now.region}, version ${now.version}`;
  standing(now);
  facts(now, growth);
  shards(now, growth);
  regions(now);
  counts("refusals", ["Rule", "#Times", "#Each second"], now, growth, (status) => status.refusals, (one) => one.rule, "nothing");
  counts("drops", ["Fault", "Reason", "#Packets", "#Each second"], now, growth, (status) => status.drops, (one) => one.reason, "nothing");
  earlier = now;
}

/** Says why there is no news. What is shown stays, and is seen to be old. */
function silent() {
  const since = answered ? ` since ${answered.toLocaleTimeString()}. What is below is old` : "";
  place("standing").className = "banner bad";
  place("standing").textContent = `The relay has not answered${since}.`;
  place("numbers").className = "old";
}

/** Nothing is shown to whoever has no token, and nothing is asked until there is one. */
function askForToken() {
  const shown = sessionStorage.getItem(TOKEN);
  sessionStorage.removeItem(TOKEN);
  place("standing").className = shown ? "banner bad" : "banner";
  place("standing").textContent = shown ? "That is not the relay's token." : "Nothing is shown without the token.";
  place("numbers").hidden = true;
  place("door").hidden = false;
  place("token").focus();
}

function answeredWith(now) {
  answered = new Date();
  place("door").hidden = true;
  place("numbers").hidden = false;
  place("numbers").className = "";
  // An answer may be given again, and comes back after a silence.
  if (now.uptime_s !== earlier?.uptime_s) show(now);
  else standing(now);
}

async function ask() {
  clearTimeout(next);
  const token = sessionStorage.getItem(TOKEN);
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  try {
    const answer = await fetch("v1/status", { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.status === 401) return askForToken();
    if (!answer.ok) throw new Error(answer.statusText);
    answeredWith(await answer.json());
  } catch {
    silent();
  }
  next = setTimeout(ask, PERIOD_MS);
}

place("door").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, place("token").value.trim());
  place("token").value = "";
  ask();
});
ask();
