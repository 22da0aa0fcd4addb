// Which microphone, camera and speaker a call uses. Chosen for as long as the page is open.
import { listDevices } from "../xswitch-rtc/media.js";
import { $ } from "./ui.js";

/** As parameters of a call. */
export const chosen = { useMic: "any", useCamera: "any", useSpeak: "any" };

const fields = [["mic-device", "useMic", "audioIn", "Microphone"], ["camera-device", "useCamera", "video", "Camera"], ["speaker-device", "useSpeak", "audioOut", "Speaker"]];

async function fill() {
  const devices = await listDevices();
  for (const [id, param, list, word] of fields) {
    // Browsers give ids and names once a page was allowed to use a device.
    const known = devices[list].filter((device) => device.deviceId && !["default", "communications"].includes(device.deviceId));
    if (chosen[param] !== "any" && !known.some((device) => device.deviceId === chosen[param])) {
      chosen[param] = "any";
    }
    $(id).replaceChildren(new Option("Default", "any"), ...known.map((device, i) => new Option(device.label || `${word} ${i + 1}`, device.deviceId)));
    $(id).value = chosen[param];
  }
}

/** @param {(devices: object) => void} changed what a running call is to use from now on */
export function deviceFields(changed) {
  for (const [id, param] of fields) {
    $(id).addEventListener("change", () => {
      chosen[param] = $(id).value;
      changed({ [param]: $(id).value });
    });
  }
  $("devices").addEventListener("toggle", () => $("devices").open && fill());
  navigator.mediaDevices?.addEventListener?.("devicechange", () => $("devices").open && fill());
}
