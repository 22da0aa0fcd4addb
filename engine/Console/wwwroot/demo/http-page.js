// What the pages whip, whep and whxp share: log in for a token, one session at a time, its picture and its state.
import { HttpCall } from "./http-call.js";
import { $, causeText, notice, quality, status } from "./ui.js";
import { requestToken } from "./session.js";
import { captureProblem } from "../xswitch-rtc/media.js";

let call = null;
let token = null;           // in this page's memory only
let tokenOf = "";
let captured = null;        // what `prepare` opened: the device's light goes out with the session

/**
 * @param {object} page
 * @param {"whip"|"whep"|"whxp"} page.kind
 * @param {Record<"off"|"idle"|"starting"|"up"|"ended", string>} page.words
 * @param {boolean} page.needsCapture
 * @param {(call: HttpCall) => Promise<MediaStream|null>} page.prepare adds tracks; returns what it captured
 * @returns {() => HttpCall|null} the session of the moment
 */
export function httpPage({ kind, words, needsCapture, prepare }) {
  const idle = (text) => {
    call = null;
    captured?.getTracks().forEach((track) => track.stop());
    captured = null;
    $("start").hidden = false;
    $("stop").hidden = true;
    $("far").hidden = true;
    $("far").srcObject = null;
    $("stage").classList.remove("seen");
    $("stage").dataset.state = "";
    $("state").textContent = text ?? words.idle;
    $("facts").replaceChildren();
    document.querySelectorAll("[data-while='up']").forEach((element) => (element.hidden = true));
    status("off", words.off);
  };

  const start = async () => {
    notice(null);
    $("start").disabled = true;
    status("busy", words.starting);
    $("state").textContent = words.starting;
    try {
      const user = $("user").value.trim();
      if (user && (tokenOf !== user || !token)) {
        token = await requestToken(user, $("password").value);
        tokenOf = user;
        $("password").value = "";
        $("password").placeholder = "logged in";
        $("password").required = false;
      }
      const mine = (call = new HttpCall({ token, onStream: show, onState: (state) => call === mine && changed(state) }));
      captured = await prepare(mine);
      await mine.start(`/api/${kind}/${encodeURIComponent($("dest").value.trim())}`);
    } catch (error) {
      call?.stop();
      if (error.status === 401) {
        token = null;
        $("password").required = true;
      }
      notice(error.cause ? `${causeText(error.cause)} (${error.message})` : error.message);
      idle();
    } finally {
      $("start").disabled = false;
    }
  };

  const changed = (state) => {
    $("stage").dataset.state = state;
    if (state === "connected") {
      status("ready", words.up);
      $("state").textContent = words.up;
      $("start").hidden = true;
      $("stop").hidden = false;
      document.querySelectorAll("[data-while='up']").forEach((element) => (element.hidden = false));
    } else if (state === "closed" || state === "failed") {
      idle(words.ended);
    }
  };

  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    start();
  });
  $("stop").addEventListener("click", () => call?.stop());
  $("user").addEventListener("input", () => ($("password").required = $("user").value !== "" && $("user").value !== tokenOf));
  addEventListener("pagehide", () => call?.stop());
  setInterval(async () => {
    const mine = call;
    if (mine?.connection.connectionState === "connected") {
      const facts = await quality(mine.connection);
      if (call === mine) {
        $("facts").replaceChildren(...facts.map((text) => Object.assign(document.createElement("span"), { textContent: text })));
      }
    }
  }, 1000);

  idle();
  if (needsCapture) {
    notice(captureProblem());
  }
  return () => call;
}

/** Shows a stream on the stage; sound alone needs the element, too. */
export function show(stream) {
  const far = $("far");
  const seen = stream.getVideoTracks().length > 0;
  far.srcObject = stream;
  far.hidden = !seen;
  $("stage").classList.toggle("seen", seen);
  far.play().catch(() => addEventListener("pointerdown", () => far.play(), { once: true }));
}
