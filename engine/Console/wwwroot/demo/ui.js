// What all demo pages share: small helpers around the DOM, the keypad, and words for what goes wrong.

export const $ = (id) => document.getElementById(id);

export const icon = (name) => `icons.svg#${name}`;

/** Sets picture and words of a button that has both. */
export function face(button, iconName, text) {
  button.querySelector("use").setAttribute("href", icon(iconName));
  button.querySelector("span").textContent = text;
}

export function pressed(button, on) {
  button.setAttribute("aria-pressed", String(on));
}

/** Says something to the user, or takes it back. */
export function notice(text) {
  $("notice").textContent = text ?? "";
  $("notice").hidden = !text;
}

/** @param {"off"|"busy"|"ready"|"failed"} state */
export function status(state, text) {
  $("status").dataset.state = state;
  $("status").textContent = text;
}

const keys = [["1", ""], ["2", "ABC"], ["3", "DEF"], ["4", "GHI"], ["5", "JKL"], ["6", "MNO"], ["7", "PQRS"], ["8", "TUV"], ["9", "WXYZ"], ["*", ""], ["0", "+"], ["#", ""]];

/** Fills a container with the twelve keys. */
export function keypad(container, press) {
  for (const [key, letters] of keys) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.key = key;
    button.setAttribute("aria-label", { "*": "star", "#": "pound" }[key] ?? key);
    const small = document.createElement("small");
    small.textContent = letters;
    button.append(key, small);
    button.addEventListener("click", () => press(key));
    container.append(button);
  }
}

/** Keys of the keyboard, when they are not meant for a field. */
export function onTyping(press) {
  addEventListener("keydown", (event) => {
    if (/^[0-9*#]$/.test(event.key) && !event.target.closest("input, select, textarea") && !event.ctrlKey && !event.metaKey && !event.altKey) {
      press(event.key);
    }
  });
}

export function duration(sinceMs) {
  const seconds = Math.max(0, Math.floor((Date.now() - sinceMs) / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const text = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds < 3600 ? text : `${Math.floor(seconds / 3600)}:${text}`;
}

const causes = {
  NORMAL_CLEARING: "Call ended",
  USER_BUSY: "Busy",
  NO_ANSWER: "No answer",
  NO_USER_RESPONSE: "No answer",
  CALL_REJECTED: "Call declined",
  ORIGINATOR_CANCEL: "Missed call",
  LOSE_RACE: "Answered elsewhere",
  UNALLOCATED_NUMBER: "No such number",
  NO_ROUTE_DESTINATION: "No such number",
  USER_NOT_REGISTERED: "Not available",
  SUBSCRIBER_ABSENT: "Not available",
  INCOMPATIBLE_DESTINATION: "No common codec, or no microphone",
  NETWORK_OUT_OF_ORDER: "Connection lost",
  RECOVERY_ON_TIMER_EXPIRE: "Connection lost",
};

export function causeText(cause, error) {
  if (error?.name === "NotAllowedError") {
    return "The microphone or camera was not allowed";
  }
  if (error?.name === "NotFoundError") {
    return "No microphone or camera was found";
  }
  return causes[cause] ?? (cause ?? "Call ended").toLowerCase().replaceAll("_", " ").replace(/^./, (c) => c.toUpperCase());
}

/** What a connection carries, for people: codec, loss, delay, size of the picture. */
export async function quality(connection) {
  const facts = [];
  const stats = await connection.getStats();
  for (const report of stats.values()) {
    if (report.type === "inbound-rtp" && (report.packetsReceived ?? 0) > 0) {
      const codec = stats.get(report.codecId)?.mimeType?.split("/")[1] ?? "";
      const size = report.kind === "video" && report.frameWidth ? ` ${report.frameWidth}×${report.frameHeight}` : "";
      const total = report.packetsReceived + report.packetsLost;
      const lost = total > 0 ? (100 * Math.max(0, report.packetsLost)) / total : 0;
      facts.push(`${report.kind === "video" ? "Video" : "Audio"} ${codec}${size}, ${lost.toFixed(1)} % lost`);
    }
    // Firefox marks the pair itself, the others name it in the transport.
    const pair = report.type === "transport" ? stats.get(report.selectedCandidatePairId) : report.type === "candidate-pair" && report.selected ? report : null;
    if (pair?.currentRoundTripTime !== undefined) {
      facts.push(`${Math.round(pair.currentRoundTripTime * 1000)} ms round trip`);
    }
  }
  return facts;
}

/** A ringing sound made here, so that no file is needed. @returns {() => void} stops it */
export function ring() {
  const audio = new AudioContext();
  const gain = audio.createGain();
  gain.gain.value = 0;
  gain.connect(audio.destination);
  for (const hz of [440, 480]) {
    const tone = audio.createOscillator();
    tone.frequency.value = hz;
    tone.connect(gain);
    tone.start();
  }
  const burst = () => {
    const now = audio.currentTime;
    gain.gain.setTargetAtTime(0.08, now, 0.02);
    gain.gain.setTargetAtTime(0, now + 1.2, 0.02);
  };
  burst();
  const timer = setInterval(burst, 3000);
  return () => {
    clearInterval(timer);
    audio.close();
  };
}
