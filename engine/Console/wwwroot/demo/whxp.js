import { capture } from "../xswitch-rtc/media.js";
import { $, keypad, notice, onTyping } from "./ui.js";
import { httpPage } from "./http-page.js";

const current = httpPage({
  kind: "whxp",
  needsCapture: true,
  words: { off: "No call", idle: "Dial a number.", starting: "Calling …", up: "Connected", ended: "Call ended" },
  async prepare(call) {
    const stream = await capture({ useVideo: $("video").checked });
    stream.getTracks().forEach((track) => call.send(track, stream, "sendrecv"));
    $("title").textContent = $("dest").value.trim();
    return stream;
  },
});

function press(key) {
  if (current()?.connection.connectionState === "connected") {
    current().dtmf(key).catch((error) => notice(error.message));
  }
}

keypad($("keys"), press);
onTyping(press);
