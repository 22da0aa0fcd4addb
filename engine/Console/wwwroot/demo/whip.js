import { capture, captureScreen } from "../xswitch-rtc/media.js";
import { $ } from "./ui.js";
import { httpPage, show } from "./http-page.js";

httpPage({
  kind: "whip",
  needsCapture: true,
  words: { off: "Not published", idle: "Nothing is sent.", starting: "Publishing …", up: "Live", ended: "The publication has ended." },
  async prepare(call) {
    const source = $("source").value;
    const stream = await capture({ useVideo: source === "camera" });
    if (source === "screen") {
      (await captureScreen()).getTracks().forEach((track) => stream.addTrack(track));
    }
    for (const track of stream.getTracks()) {
      call.send(track, stream, "sendonly");
      track.addEventListener("ended", () => call.stop());   // the browser's own "stop sharing"
    }
    show(stream);
    $("watch").href = `whep.html?room=${encodeURIComponent($("dest").value.trim())}`;
    $("watch").textContent = new URL($("watch").href).href;
    return stream;
  },
});
