// One end of a call. A driver calls these functions and carries what they return to the other end.
// Every answer is plain JSON; candidates travel inside the descriptions, so nothing trickles.

/** Gives an offer with all candidates. `configuration` is an RTCConfiguration. */
async function offer(configuration) {
  connect(configuration);
  return describe(await connection.createOffer());
}

/** Gives the answer to the other end's offer. */
async function answer(configuration, sdp) {
  connect(configuration);
  await connection.setRemoteDescription({ type: "offer", sdp });
  return describe(await connection.createAnswer());
}

/** Takes the other end's answer. */
async function accept(sdp) {
  await connection.setRemoteDescription({ type: "answer", sdp });
}

/** Waits until media can flow, for at most `patience_ms`; says whether it can. */
async function connected(patience_ms) {
  return happened(patience_ms, "connectionstatechange", () => connection.connectionState === "connected");
}

/** What went over which path so far. */
async function report() {
  const stats = [...(await connection.getStats()).values()];
  const byId = (id) => stats.find((stat) => stat.id === id);
  const transport = stats.find((stat) => stat.type === "transport");
  const pairs = stats.filter((stat) => stat.type === "candidate-pair");
  const pair = byId(transport?.selectedCandidatePairId) ?? pairs.find((stat) => stat.selected) ?? {};
  const video = stats.find((stat) => stat.type === "inbound-rtp" && stat.kind === "video") ?? {};
  return {
    connection: connection.connectionState,
    ice: connection.iceConnectionState,
    dtls: connection.getTransceivers()[0]?.sender.transport?.state,
    local: candidate(byId(pair.localCandidateId)),
    remote: candidate(byId(pair.remoteCandidateId)),
    bytesReceived: pair.bytesReceived,
    video: {
      framesDecoded: video.framesDecoded,
      packetsReceived: video.packetsReceived,
      packetsLost: video.packetsLost,
    },
    errors,
  };
}

/** Gathers to the end, or for `patience_ms`, and gives the candidates and the errors met. */
async function gather(configuration, patience_ms) {
  connect(configuration);
  const candidates = [];
  connection.addEventListener("icecandidate", ({ candidate }) => {
    if (candidate?.candidate) candidates.push(candidate.candidate);
  });
  await connection.setLocalDescription(await connection.createOffer());
  return { complete: await gathered(patience_ms), candidates, errors };
}

const GATHERING_PATIENCE_MS = 15_000;
const FRAME_MS = 40;
const SPECK_PX = 8;

let connection;
let errors;

function connect(configuration) {
  connection?.close();
  connection = new RTCPeerConnection(configuration);
  errors = [];
  connection.addEventListener("icecandidateerror", ({ url, errorCode, errorText }) => {
    errors.push({ url, errorCode, errorText });
  });
  connection.addEventListener("track", ({ track }) => {
    document.getElementById("other").srcObject = new MediaStream([track]);
  });
  connection.addTrack(picture().getVideoTracks()[0]);
}

/** A picture without a camera, of noise, which takes some packets to carry. */
function picture() {
  const canvas = document.getElementById("picture");
  const pen = canvas.getContext("2d");
  setInterval(() => {
    for (let x = 0; x < canvas.width; x += SPECK_PX) {
      for (let y = 0; y < canvas.height; y += SPECK_PX) {
        pen.fillStyle = `hsl(${Math.random() * 360} 80% 50%)`;
        pen.fillRect(x, y, SPECK_PX, SPECK_PX);
      }
    }
  }, FRAME_MS);
  return canvas.captureStream();
}

async function describe(description) {
  await connection.setLocalDescription(description);
  await gathered(GATHERING_PATIENCE_MS);
  return connection.localDescription.sdp;
}

function gathered(patience_ms) {
  return happened(patience_ms, "icegatheringstatechange", () => connection.iceGatheringState === "complete");
}

/** Resolves to whether `is` became true before patience ended. */
function happened(patience_ms, event, is) {
  return new Promise((resolve) => {
    const look = () => is() && resolve(true);
    connection.addEventListener(event, look);
    setTimeout(() => resolve(is()), patience_ms);
    look();
  });
}

function candidate(stat) {
  const { candidateType: type, protocol, relayProtocol, address, port, url } = stat ?? {};
  return { type, protocol, relayProtocol, address, port, url };
}
