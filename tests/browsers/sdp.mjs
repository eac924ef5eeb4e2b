// The few lines of a session description (RFC 8839) that a relay in the path changes.
// A description of the test page has one media section.

/** The ICE credentials of a description's writer. */
export function iceOf(sdp) {
  return { ufrag: attribute(sdp, "ice-ufrag"), pwd: attribute(sdp, "ice-pwd") };
}

/**
 * The other end's description as the answer of a relay that stands before it.
 *
 * `hop` is what the relay gave this end: `addresses`, `ufrag`, `pwd`. `setup` says who of the two ends
 * starts DTLS (RFC 8842 section 5): fingerprints stay those of the ends.
 */
export function behind(hop, sdp, setup) {
  const kept = lines(sdp).filter((line) => !/^a=(candidate|end-of-candidates|ice-)/.test(line));
  const media = kept.findIndex((line) => line.startsWith("m="));
  const session = [...kept.slice(0, media), "a=ice-lite"];
  const section = kept.slice(media).map((line) => line.replace(/^a=setup:.*/, `a=setup:${setup}`));
  const credentials = [`a=ice-ufrag:${hop.ufrag}`, `a=ice-pwd:${hop.pwd}`];
  const path = [...hop.addresses.map(candidate), "a=end-of-candidates"];
  return [...session, ...section, ...credentials, ...path, ""].join("\r\n");
}

function candidate(address) {
  const [, ip, port] = /^\[?([^\]]+)\]?:(\d+)$/.exec(address);
  return `a=candidate:1 1 udp 2130706431 ${ip} ${port} typ host`;
}

function attribute(sdp, name) {
  const start = `a=${name}:`;
  return lines(sdp).find((line) => line.startsWith(start)).slice(start.length);
}

function lines(sdp) {
  return sdp.split("\r\n").filter((line) => line);
}
