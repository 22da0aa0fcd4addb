// The phone on SIP over WebSocket. JsSIP is not ours to ship: "npm --prefix engine/Console run vendor" fetches and bundles it.
import { SipClient } from "./sip-client.js";
import { notice } from "./ui.js";
import { phone } from "./phone.js";

try {
  const { default: JsSIP } = await import("./vendor/jssip.js");
  phone({
    path: "/sip",
    byToken: false,
    connect: (who, password, callbacks) => new SipClient(JsSIP, { ...who, password }, callbacks),
  });
} catch (error) {
  notice("JsSIP is not installed on this engine. In its source folder run: npm --prefix engine/Console ci && npm --prefix engine/Console run vendor");
  document.getElementById("login-button").disabled = true;
  console.warn(error);
}
