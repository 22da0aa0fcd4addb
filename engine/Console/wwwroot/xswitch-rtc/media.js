// Microphone, camera and screen; where media is shown; and the few lines of SDP that browsers have no API for.

/** Why this page may not capture anything, in words for its user; null when it may. */
export function captureProblem() {
  if (navigator.mediaDevices?.getUserMedia) {
    return null;
  }
  if (window.isSecureContext) {
    return "This browser offers no microphone or camera to pages.";
  }
  return `Browsers give the microphone and camera only to secure pages, and ${location.origin} is not one. Open this page by https, or on the machine itself as http://localhost.`;
}

/**
 * Opens what a call needs.
 * @param {{useMic?: any, useCamera?: any, useVideo?: boolean, useStereo?: boolean, audioParams?: object, videoParams?: object}} params
 * @returns {Promise<MediaStream>} without tracks if the call listens only.
 */
export async function capture(params) {
  const constraints = { audio: audioConstraints(params), video: params.useVideo ? videoConstraints(params) : false };
  if (!constraints.audio && !constraints.video) {
    return new MediaStream();
  }
  const problem = captureProblem();
  if (problem) {
    throw new DOMException(problem, "NotAllowedError");
  }
  return navigator.mediaDevices.getUserMedia(constraints);
}

export async function captureScreen() {
  if (!navigator.mediaDevices?.getDisplayMedia) {
    throw new DOMException(captureProblem() ?? "This browser cannot share the screen.", "NotSupportedError");
  }
  return navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: false });
}

function isOff(device) {
  return device === false || device === "none";
}

function deviceId(device) {
  return typeof device === "string" && device !== "any" ? { deviceId: { exact: device } } : {};
}

function audioConstraints({ useMic, useStereo, audioParams = {} }) {
  if (isOff(useMic)) {
    return false;
  }
  // Names of the classic library (googEchoCancellation and so on) do nothing in today's browsers; the standard ones are passed on.
  return { ...(useStereo ? { channelCount: 2 } : {}), ...audioParams, ...deviceId(useMic) };
}

function videoConstraints({ useCamera, videoParams = {} }) {
  if (isOff(useCamera)) {
    return false;
  }
  const { minWidth, minHeight, minFrameRate, maxWidth, maxHeight, vertoBestFrameRate, ...standard } = videoParams;
  const range = (ideal, max) => (ideal || max ? { ...(ideal ? { ideal: Number(ideal) } : {}), ...(max ? { max: Number(max) } : {}) } : undefined);
  // "min" of the classic library would fail on a smaller camera; a wish is what its users mean.
  const wishes = { width: range(minWidth, maxWidth), height: range(minHeight, maxHeight), frameRate: range(minFrameRate ?? vertoBestFrameRate) };
  for (const key of Object.keys(wishes)) {
    if (!wishes[key]) {
      delete wishes[key];
    }
  }
  return { ...wishes, ...standard, ...deviceId(useCamera) };
}

/** @returns {Promise<{audioIn: MediaDeviceInfo[], audioOut: MediaDeviceInfo[], video: MediaDeviceInfo[]}>} names are empty until a permission was given. */
export async function listDevices() {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  const of = (kind) => all.filter((device) => device.kind === kind);
  return { audioIn: of("audioinput"), audioOut: of("audiooutput"), video: of("videoinput") };
}

/** A tag may be an element, its id, or a function that returns either. */
export function resolveElement(tag) {
  const found = typeof tag === "function" ? tag() : tag;
  return typeof found === "string" ? document.getElementById(found) : (found ?? null);
}

/** Shows a stream; where the browser wants a gesture before it plays sound, the next one starts it. */
export function show(element, stream, speaker) {
  if (!element) {
    return;
  }
  if (element.srcObject !== stream) {
    element.srcObject = stream;
  }
  if (typeof speaker === "string" && speaker !== "any" && element.setSinkId) {
    element.setSinkId(speaker).catch((error) => console.warn("Verto: speaker:", error.message));
  }
  if (stream) {
    element.play?.()?.catch((error) => {
      if (error.name === "NotAllowedError") {
        addEventListener("pointerdown", () => element.play().catch(() => {}), { once: true, capture: true });
      }
    });
  }
}

/** Puts the codecs of a wish list first and alone; what is needed beside them (keys, comfort noise, resending) stays. */
export function preferCodecs(transceiver, kind, wanted) {
  const known = RTCRtpReceiver.getCapabilities?.(kind)?.codecs;
  if (!wanted?.length || !known || !transceiver.setCodecPreferences) {
    return;
  }
  const name = (codec) => codec.mimeType.split("/")[1].toUpperCase();
  const chosen = wanted.flatMap((codec) => known.filter((k) => name(k) === codec.toUpperCase()));
  const helpers = known.filter((codec) => ["TELEPHONE-EVENT", "CN", "RTX", "RED", "ULPFEC"].includes(name(codec)));
  if (chosen.length > 0) {
    transceiver.setCodecPreferences([...chosen, ...helpers.filter((codec) => kind === "video" || name(codec) !== "RED")]);
  }
}

/** Asks for stereo Opus: the receiver's wish stands in the format parameters, which no browser API sets. */
export function withStereo(sdp) {
  const opus = /^a=rtpmap:(\d+) opus\/48000\/2/im.exec(sdp)?.[1];
  return opus ? sdp.replace(new RegExp(`^(a=fmtp:${opus} (?!.*stereo=1).*?)(\\r?)$`, "m"), "$1;stereo=1;sprop-stereo=1$2") : sdp;
}
