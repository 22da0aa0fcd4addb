import { $ } from "./ui.js";
import { httpPage } from "./http-page.js";

$("dest").value = new URLSearchParams(location.search).get("room") ?? $("dest").value;

httpPage({
  kind: "whep",
  needsCapture: false,
  words: { off: "Not watching", idle: "Nothing is played.", starting: "Connecting …", up: "Playing", ended: "The stream has ended." },
  async prepare(call) {
    call.receive("audio");
    call.receive("video");
    return null;
  },
});
