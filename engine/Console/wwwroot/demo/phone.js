// The phone of the demo pages: what is seen and touched. The calls are those of a client: xswitch-rtc.js on verto.html, one of the same shape
// on JsSIP on sip.html.
import { captureProblem } from "../xswitch-rtc/media.js";
import { chosen, deviceFields } from "./devices.js";
import { $, causeText, duration, face, keypad, notice, onTyping, pressed, quality, ring, status } from "./ui.js";
import { fullLogin, keepForReload, requestToken, revokeToken, socketUrl, takeFromReload } from "./session.js";

let client = null;
let me = null;              // { login, token, server, audioCodec, videoCodec } while logged in
let current = null;         // the call on the stage
let ended = null;           // what is said of the last call while there is none
let stopRinging = null;
let create = null;

const calls = () => Object.values(client?.dialogs ?? {});

/**
 * Starts the page.
 * @param {object} options
 * @param {string} options.path of the WebSocket on this site
 * @param {boolean} options.byToken whether a token of the engine stands for the password, so that a reload can go on
 * @param {(who: object, password: string, callbacks: object) => object} options.connect makes the client; may return a promise
 */
export function phone({ path, byToken, connect }) {
  create = connect;
  $("server").value = socketUrl(path);
  notice(captureProblem());
  $("login").addEventListener("submit", async (event) => {
    event.preventDefault();
    notice(null);
    const login = fullLogin($("user").value.trim());
    const password = $("password").value;
    const ownServer = new URL($("server").value, location.href).host === location.host;
    status("busy", "Logging in …");
    $("login-button").disabled = true;
    try {
      const token = byToken && ownServer ? await requestToken(login, password) : null;
      const codec = (id) => $(id)?.value ?? "";
      await logIn({ login, token, server: $("server").value, audioCodec: codec("audio-codec"), videoCodec: codec("video-codec") }, token ? "token" : password);
    } catch (error) {
      loginFailed(error.message);
    }
  });

  // A reload of this tab goes on where it was.
  keepForReload(() => me);
  const former = takeFromReload();
  if (former && byToken) {
    $("user").value = former.login.split("@")[0];
    status("busy", "Connecting …");
    logIn(former, "token").catch((error) => loginFailed(error.message));
  }
}

// Login

async function logIn(who, password) {
  me = who;
  client = await create(who, password, {
    onWSLogin: (_, success, error) => (success ? loggedIn() : loginFailed(`The engine refused the login: ${error?.message ?? "unknown reason"}.`)),
    onWSClose: () => me && status("busy", "Connecting …"),
    onPunt: () => loggedOut("This phone was opened in another tab, which has taken it over."),
    onDialogState: stateChanged,
    onRemoteStream: render,
    onMessage: (_, dialog, kind, data) => (kind === "info" ? received(data) : render()),
  });
}

function loggedIn() {
  $("password").value = "";
  status("ready", `Ready as ${me.login.split("@")[0]}`);
  if (!$("phone").hidden) {
    return;                 // only the connection was new
  }
  $("login").hidden = true;
  $("phone").hidden = false;
  $("logout").hidden = false;
  notice(captureProblem());
  render();
  if (!matchMedia("(pointer: coarse)").matches) {
    $("number").focus();
  }
}

function loginFailed(text) {
  loggedOut(text);
  status("failed", "Not logged in");
  $("password").focus();
}

function loggedOut(text) {
  const former = client;
  if (me?.token) {
    revokeToken(me.token);
  }
  me = client = current = ended = null;
  former?.logout();
  silence();
  $("login").hidden = false;
  $("login-button").disabled = false;
  $("phone").hidden = true;
  $("logout").hidden = true;
  status("off", "Not logged in");
  notice(text ?? captureProblem());
}

$("logout").addEventListener("click", () => loggedOut());

// Calls

function dial(useVideo) {
  const number = $("number").value.trim();
  if (!number || !client?.socketReady()) {
    $("number").focus();
    return;
  }
  notice(captureProblem());
  holdOthers(null);
  current = client.newCall({ destination_number: number, useVideo, ...chosen });
  render();
}

/** One call is talked to at a time. */
function holdOthers(except) {
  for (const call of calls()) {
    if (call !== except && call.state.name === "active") {
      attempt(call.hold());
    }
  }
}

function answer(useVideo) {
  holdOthers(current);
  attempt(current.answer({ useVideo, ...chosen }));
}

function attempt(promise) {
  promise.catch((error) => error.name !== "AbortError" && notice(error.message));
}

function stateChanged(call) {
  if (call.isEnded) {
    if (current === call || !current) {
      ended = { name: remoteName(call), text: causeText(call.cause, call.error) };
      current = calls().find((other) => !other.isEnded) ?? null;
    }
  } else if (!current || (call.state.name === "ringing" && current.state.name !== "active")) {
    current = call;
  }
  calls().some((one) => one.state.name === "ringing") ? startRinging() : silence();
  render();
}

function startRinging() {
  stopRinging ??= ring();
}

function silence() {
  stopRinging?.();
  stopRinging = null;
}

function choose(call) {
  if (call.state.name !== "ringing") {
    holdOthers(call);
    if (call.state.name === "held") {
      attempt(call.unhold());
    }
  }
  current = call;
  call.setTag("far", "near");
  render();
}

$("dial").addEventListener("submit", (event) => {
  event.preventDefault();
  dial(false);
});
$("call-video").addEventListener("click", () => dial(true));
$("answer").addEventListener("click", () => answer(false));
$("answer-video").addEventListener("click", () => answer(true));
$("decline").addEventListener("click", () => current?.hangup({ cause: "CALL_REJECTED", causeCode: 21 }));
$("hangup").addEventListener("click", () => current?.hangup());
$("mute").addEventListener("click", () => {
  current.setMute("toggle");
  render();
});
$("hold").addEventListener("click", () => attempt(current.toggleHold()));
$("camera").addEventListener("click", () => attempt(current.setVideo(!sendsVideo(current)).then(render)));
$("screen").addEventListener("click", () => attempt((current.screenShare ? current.stopScreenShare() : current.shareScreen()).then(render)));
$("transfer").addEventListener("click", () => {
  $("transfer-form").hidden = !$("transfer-form").hidden;
  render();
  if (!$("transfer-form").hidden) {
    $("transfer-to").focus();
  }
});
$("transfer-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const to = $("transfer-to").value.trim();
  if (to && current) {
    $("transfer-form").hidden = true;
    $("transfer-to").value = "";
    attempt(current.transfer(to));
  }
});

// Keys dial while there is no call, and are sent as tones while there is one.

function press(key) {
  if (current && ["early", "active"].includes(current.state.name)) {
    attempt(current.dtmf(key));
  }
  $("number").value += key;
}

keypad($("keys"), press);
onTyping(press);
$("erase").addEventListener("click", () => {
  $("number").value = $("number").value.slice(0, -1);
});
$("quick").addEventListener("click", (event) => {
  const number = event.target.closest("button")?.dataset.number;
  if (number) {
    $("number").value = number;
    $("number").focus();
  }
});

deviceFields((devices) => {
  if (current?.setDevices && ["active", "held"].includes(current.state.name)) {
    attempt(current.setDevices(devices));
  }
});

// What is seen

const title = document.title;
const states = {
  new: "Calling …", requesting: "Calling …", trying: "Calling …", recovering: "Taking the call up again …", ringing: "is calling", answering: "Connecting …",
  early: "Ringing …", active: "Connected", held: "On hold",
};

function remoteName(call) {
  const { remote_caller_id_name: name, remote_caller_id_number: number } = call.params;
  return name && !["Outbound Call", "Nobody", number].includes(name) ? `${name} (${number})` : number;
}

function sendsVideo(call) {
  return Boolean(call?.localStream?.getVideoTracks().length) && !call.screenShare;
}

function receivesVideo(call) {
  const track = call?.remoteStream?.getVideoTracks()[0];
  const receiver = call?.peerConnection?.getTransceivers().find((t) => t.receiver.track === track);
  return Boolean(track) && ["sendrecv", "recvonly"].includes(receiver?.currentDirection);
}

function render() {
  if (!client) {
    return;
  }
  const call = current;
  const state = call?.state.name;
  const talking = state === "active" || state === "held";
  const far = receivesVideo(call);
  const near = Boolean(call?.localStream?.getVideoTracks().length);

  if (call !== factsOf) {
    tick();
  }
  $("phone").classList.toggle("incall", Boolean(call));
  $("stage").className = `stage${far ? " seen" : ""}${state === "ringing" ? " ringing" : ""}`;
  $("far").hidden = !far;
  $("near").hidden = !near;
  $("remote").textContent = call ? remoteName(call) : (ended?.name ?? "No call");
  $("state").textContent = call ? states[state] : (ended?.text ?? "Dial a number, or wait for one.");
  $("stage").dataset.state = state ?? "";
  document.title = state === "ringing" ? `${remoteName(call)} is calling` : title;
  $("answers").hidden = state !== "ringing";
  $("controls").hidden = !call || state === "ringing";
  for (const id of ["hold", "camera", "screen", "transfer"]) {
    $(id).disabled = !talking;
  }
  if (!talking) {
    $("transfer-form").hidden = true;
  }
  $("transfer").setAttribute("aria-expanded", String(!$("transfer-form").hidden));
  if (call) {
    const muted = !call.getMute();
    pressed($("mute"), muted);
    face($("mute"), muted ? "mic-off" : "mic", muted ? "Muted" : "Mute");
    pressed($("hold"), state === "held");
    face($("hold"), state === "held" ? "play" : "pause", state === "held" ? "Resume" : "Hold");
    pressed($("camera"), sendsVideo(call));
    $("camera").disabled ||= call.screenShare;
    face($("camera"), sendsVideo(call) ? "video" : "video-off", "Video");
    pressed($("screen"), call.screenShare);
    face($("screen"), "screen", call.screenShare ? "Stop" : "Share");
  }

  $("calls").hidden = calls().length < 2;
  $("calls").replaceChildren(...calls().map((one) => {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.textContent = `${remoteName(one)} · ${states[one.state.name]}`;
    pressed(chip, one === call);
    chip.addEventListener("click", () => choose(one));
    return chip;
  }));
}

let factsOf = null;

/** The parts that change by themselves. */
async function tick() {
  const call = current;
  $("timer").textContent = call?.answeredAt ? duration(call.answeredAt) : "";
  if (call !== factsOf || !call?.peerConnection) {
    $("facts").replaceChildren();
  }
  factsOf = call;
  if (call?.peerConnection && call.answeredAt) {
    const facts = await quality(call.peerConnection);
    if (call === current) {
      $("facts").replaceChildren(...facts.map((text) => Object.assign(document.createElement("span"), { textContent: text })));
    }
  }
}

setInterval(() => {
  tick();
  render();
}, 1000);

// Chat

function addText(text, who, mine) {
  const item = document.createElement("li");
  const small = document.createElement("small");
  small.textContent = who;
  item.append(small, text);
  item.classList.toggle("mine", mine);
  $("chat-empty").hidden = true;
  $("chat").append(item);
  $("chat").scrollTop = $("chat").scrollHeight;
  return item;
}

function received({ from = "", from_msg_name: name, body }) {
  if (typeof body === "string") {
    const number = from.split("@")[0];
    addText(body, name ?? number, false);
    $("chat-to").value ||= number;
  }
}

$("chat-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const to = $("chat-to").value.trim();
  const body = $("chat-text").value.trim();
  if (!to) {
    $("chat-to").focus();
    return;
  }
  if (!body) {
    $("chat-text").focus();
    return;
  }
  $("chat-text").value = "";
  const item = addText(body, `to ${to}`, true);
  try {
    const host = me.login.split("@")[1];
    await client.message({ to: to.includes("@") ? to : `${to}@${host}`, body });
  } catch (error) {
    item.classList.add("failed");
    item.firstChild.textContent = `to ${to}: not delivered, ${error.data?.reason || error.message}`;
  }
});
