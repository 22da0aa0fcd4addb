// Compiled, never run: a page in TypeScript that uses what xswitch-rtc.d.ts promises.
import verto, { Verto, Dialog, State, RpcError, type CallArgs, type VertoCallbacks, type VertoParams } from "../../../engine/Console/wwwroot/xswitch-rtc.js";

const params: VertoParams = {
  socketUrl: "wss://pbx.example.net/ws", login: "1000@pbx.example.net", loginParams: { xui_sessid: "token" }, userVariables: { email: "a@example.net", admin: false },
  useVideo: true, tag: "player", localTag: () => document.querySelector("video"), audioParams: { echoCancellation: true }, videoParams: { minWidth: 640, minFrameRate: 15 },
  deviceParams: { useMic: "any", useCamera: false, useSpeak: "default" }, iceServers: true, autoReconnect: true, keepAlive: { interval: 10_000, maxFailed: 3 },
};
const callbacks: VertoCallbacks = {
  onWSLogin: (client, success, error?: RpcError) => console.log(client.sessid, success, error?.code),
  onDialogState: (dialog) => dialog.state === State.hangup && console.log(dialog.cause, dialog.direction.name === "inbound"),
  onMessage: (client, dialog, kind) => console.log(client.socketReady(), dialog?.callID, kind),
};
const client: Verto = verto.connect(params, callbacks);
const args: CallArgs = { destination_number: "9196", useStream: new MediaStream(), userVariables: { test_key: "1" } };
const call: Dialog = new Verto().newCall(args, { onRemoteStream: (_, stream) => stream.getTracks() }, (dialog) => dialog.dtmf("1"), (error) => error.message);
const muted: boolean = !call.setMute("toggle") && !call.getMute();
call.answer({ useVideo: true }).then(() => call.toggleHold());
call.transfer("1001").catch((error: RpcError) => console.log(error.data.cause, muted));
call.hangup({ cause: "USER_BUSY" });
client.subscribe("demo", { handler: (_, event) => console.log(event) });
Verto.refreshDevices().then(({ audioIn }) => audioIn[0].deviceId);

// @ts-expect-error a call needs a number
client.newCall({ useVideo: true });
// @ts-expect-error there is no such state
call.state === State.dialling;
