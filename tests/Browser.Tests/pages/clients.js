// Everything that the tests use of other people, in one script: the global `clients`.
export { default as JsSIP } from "jssip";
export * as SIP from "sip.js";
export * as Vertojs from "vertojs";
export { WHIPClient as EyevinnWhip } from "@eyevinn/whip-web-client";
export { WebRTCPlayer } from "@eyevinn/webrtc-player";
export { WHIPClient } from "whip-whep/whip.js";
export { WHEPClient } from "whip-whep/whep.js";
