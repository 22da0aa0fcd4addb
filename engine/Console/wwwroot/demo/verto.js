// The phone on Verto.
import { Verto } from "../xswitch-rtc.js";
import { phone } from "./phone.js";

phone({
  path: "/ws",
  byToken: true,
  connect(who, passwd, callbacks) {
    const number = who.login.split("@")[0];
    return new Verto({
      socketUrl: who.server,
      login: who.login,
      passwd,
      loginParams: who.token ? { xui_sessid: who.token } : {},
      caller_id_number: number,
      caller_id_name: number,
      audioCodecs: who.audioCodec ? [who.audioCodec] : undefined,
      videoCodecs: who.videoCodec ? [who.videoCodec] : undefined,
      tag: "far",
      localTag: "near",
    }, callbacks);
  },
});
