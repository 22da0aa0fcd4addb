// XSwitchEngine's browser client for Verto. No dependencies, no build: import it from where the engine serves it.
//
//   import verto from "/xswitch-rtc.js";
//   verto.connect({ socketUrl: "wss://pbx.example.net/ws", login: "1000@pbx.example.net", passwd: "…", tag: "player" }, {
//     onWSLogin: (verto, ok) => ok && verto.newCall({ destination_number: "9196" }),
//     onDialogState: (dialog) => console.log(dialog.callID, dialog.state.name, dialog.cause),
//   });
import { Dialog, Direction, State } from "./xswitch-rtc/dialog.js";
import { captureProblem, listDevices, resolveElement } from "./xswitch-rtc/media.js";
import { Rpc, RpcError } from "./xswitch-rtc/rpc.js";

export { Dialog, RpcError, State, Direction };

const storageKey = "xswitch-rtc.session";
const loginErrors = new Set([-32000, -32001]);

// What belongs to the connection and is not sent with every call.
const connectionParams = ["passwd", "loginParams", "userVariables", "socketUrl", "autoReconnect", "keepAlive", "ringFile", "ringer_tag", "deviceParams", "sessid"];

export class Verto {
  static State = State;
  static Direction = Direction;

  #params = {};
  #callbacks = {};
  #rpc = null;
  #loggedIn = false;
  #wanted = false;            // whether a lost connection is made again
  #attempt = 0;
  #timers = { reconnect: 0, keepAlive: 0 };
  #missedPings = 0;
  #subscriptions = new Map();
  #ringer = null;

  /** Calls by callID. @type {Record<string, Dialog>} */
  dialogs = {};
  sessid = null;

  constructor(params, callbacks) {
    if (params) {
      this.connect(params, callbacks);
    }
  }

  /** Why this page may not use a microphone, in words; null when it may. */
  static get captureProblem() {
    return captureProblem();
  }

  static refreshDevices() {
    return listDevices();
  }

  /** A new random id in the form of a UUID. crypto.randomUUID exists on secure origins only. */
  static genUUID() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return [...bytes].map((byte, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + byte.toString(16).padStart(2, "0")).join("");
  }

  /** Connects and logs in. An earlier connection of this object is given up. */
  connect(params, callbacks = {}) {
    this.#stop(1000);
    this.#params = { autoReconnect: true, keepAlive: { interval: 20_000, maxFailed: 3 }, ...params };
    this.#callbacks = callbacks;
    this.sessid = params.sessid ?? this.#storedSession();
    this.#wanted = true;
    this.#open();
    return this;
  }

  /** Whether requests can be made: connected and logged in. */
  socketReady() {
    return this.#loggedIn && Boolean(this.#rpc?.isOpen);
  }

  /**
   * Places a call.
   * @param {object} args destination_number and what differs from the params of the connection
   * @param {object} [callbacks] instead of those of the connection, for this call
   * @param {(dialog: Dialog) => void} [onSuccess] when the server has taken the call
   * @param {(error: Error) => void} [onError] when it has not
   */
  newCall(args, callbacks, onSuccess, onError) {
    const dialog = this.#makeDialog(Direction.outbound, {
      ...args,
      callID: args.callID ?? Verto.genUUID(),
      remote_caller_id_name: args.remote_caller_id_name ?? "Outbound Call",
      remote_caller_id_number: args.remote_caller_id_number ?? args.destination_number,
    }, callbacks);
    dialog._invite().then(() => onSuccess?.(dialog), (error) => {
      console.warn("Verto: call:", error.message);
      onError?.(error);
    });
    return dialog;
  }

  /** Any request of the protocol. Resolves to its result, rejects with an RpcError. */
  request(method, params = {}) {
    return this.#loggedIn ? this.#rpc.request(method, { ...params, sessid: this.sessid }) : Promise.reject(new RpcError({ message: "not logged in" }));
  }

  /** Sends a text to another user. @param {{to: string, body: string}} message */
  message({ to, body, ...more }) {
    return this.request("verto.info", { msg: { from: this.#params.login, to, body, ...more } });
  }

  /** @param {string} channel @param {{handler(verto: Verto, event: object): void}} [params] */
  subscribe(channel, params = {}) {
    this.#subscriptions.set(channel, params);
    return this.socketReady() ? this.request("verto.subscribe", { eventChannel: channel, subParams: params.subParams }) : Promise.resolve({});
  }

  unsubscribe(channel) {
    this.#subscriptions.delete(channel);
    return this.socketReady() ? this.request("verto.unsubscribe", { eventChannel: channel }) : Promise.resolve({});
  }

  /** @param {boolean} [localBroadcast] to the browsers that have subscribed to the channel, instead of the engine's parts */
  broadcast(channel, data, localBroadcast) {
    return this.request("verto.broadcast", { eventChannel: channel, data, ...(localBroadcast === undefined ? {} : { localBroadcast }) });
  }

  /** Ends all calls and the connection, and forgets the session, so that nothing is taken up again. */
  logout() {
    this.hangup();
    sessionStorage.removeItem(storageKey);
    this.#stop(1000);
  }

  /** Closes the connection without ending the calls: a client with the same session gets them back. */
  closeSocket(code = 1000) {
    this.#stop(code);
  }

  /** Ends the calls of this page without telling the server. */
  purge() {
    Object.values(this.dialogs).forEach((dialog) => dialog._purge());
  }

  /** Ends one call by its id, or all. */
  hangup(callID) {
    (callID ? [this.dialogs[callID]] : Object.values(this.dialogs)).forEach((dialog) => dialog?.hangup());
  }

  /** @internal Keeps of a call what a reload must know: whether it had a camera. */
  _remember(dialog) {
    const session = this.#readSession();
    session.calls = { ...session.calls, [dialog.callID]: { useVideo: Boolean(dialog.params.useVideo) } };
    this.#writeSession(session);
  }

  /** @internal */
  _forget(dialog) {
    delete this.dialogs[dialog.callID];
    const session = this.#readSession();
    if (session.calls?.[dialog.callID]) {
      delete session.calls[dialog.callID];
      this.#writeSession(session);
    }
  }

  // Connection

  #open() {
    this.#rpc = new Rpc(this.#params.socketUrl, {
      open: () => this.#login(),
      request: (method, params) => this.#serverAsks(method, params),
      close: (code, reason) => this.#closed(code, reason),
    });
  }

  async #login() {
    const { login, passwd = "", loginParams = {}, userVariables = {} } = this.#params;
    const rpc = this.#rpc;
    try {
      const result = await rpc.request("login", { login, passwd, loginParams, userVariables, sessid: this.sessid });
      this.sessid = result.sessid ?? this.sessid;
    } catch (error) {
      if (rpc === this.#rpc && rpc.isOpen) {
        // Wrong credentials do not become right by trying again; an engine that is busy does.
        this.#wanted &&= !loginErrors.has(error.code);
        this.#callbacks.onWSLogin?.(this, false, error);
        rpc.close(1000, "login");
      }
      return;
    }
    this.#loggedIn = true;
    this.#attempt = 0;
    this.#writeSession({ ...this.#readSession(), login, sessid: this.sessid });
    this.#keepAlive();
    for (const [channel, { subParams }] of this.#subscriptions) {
      this.request("verto.subscribe", { eventChannel: channel, subParams }).catch((error) => console.warn("Verto: subscribe:", channel, error.message));
    }
    this.#callbacks.onWSLogin?.(this, true);
  }

  #closed(code, reason) {
    clearInterval(this.#timers.keepAlive);
    this.#rpc = null;
    this.#loggedIn = false;
    // Answered calls are kept by the engine, and media may even go on; the rest cannot be finished.
    Object.values(this.dialogs).forEach((dialog) => (this.#wanted && this.#params.autoReconnect ? dialog._connectionLost() : dialog._purge()));
    if (this.#wanted && this.#params.autoReconnect) {
      // At once first, then slower, and not all pages at the same time.
      const waitMs = Math.min(10_000, 250 * 2 ** this.#attempt++) * (0.5 + Math.random() / 2);
      this.#timers.reconnect = setTimeout(() => this.#open(), waitMs);
    }
    this.#ring();
    this.#callbacks.onWSClose?.(this, code, reason);
  }

  #stop(code) {
    this.#wanted = false;
    clearTimeout(this.#timers.reconnect);
    this.#rpc?.close(code);
    this.purge();
  }

  /** Proxies end silent connections, and a dead one is noticed by its missing answers only. "Method not found" is an answer. */
  #keepAlive() {
    const { interval = 20_000, maxFailed = 3 } = this.#params.keepAlive || {};
    clearInterval(this.#timers.keepAlive);
    this.#missedPings = 0;
    if (!this.#params.keepAlive || interval <= 0) {
      return;
    }
    const intervalMs = interval < 1000 ? interval * 1000 : interval;
    const rpc = this.#rpc;
    this.#timers.keepAlive = setInterval(() => {
      rpc.request("Uas.Ping", { sessid: this.sessid }, intervalMs).then(
        () => (this.#missedPings = 0),
        (error) => {
          this.#missedPings = error.code ? 0 : this.#missedPings + 1;
          if (this.#missedPings >= maxFailed) {
            rpc.close(4000, "no answer");
          }
        });
    }, intervalMs);
  }

  // Requests of the server

  #serverAsks(method, params) {
    const dialog = this.dialogs[params.callID];
    switch (method) {
      case "verto.invite":
        return dialog ? undefined : this.#makeDialog(Direction.inbound, this.#inboundParams(params))._ring(params.sdp);
      case "verto.attach":
        return this.#attach(dialog, params);
      case "verto.clientReady":
        return this.#ready(params.reattached_sessions ?? []);
      case "verto.punt":
        // Another page has taken the session over.
        this.#callbacks.onPunt?.(this);
        return this.#stop(1000);
      case "verto.event":
        return this.#event(params);
      case "verto.ping":
        return undefined;
      case "verto.info":
        return dialog ? dialog._handle(method, params) : this.#callbacks.onMessage?.(this, null, "info", params.msg ?? params);
      default:
        return dialog ? dialog._handle(method, params) : this.#callbacks.onMessage?.(this, null, method, params);
    }
  }

  #attach(dialog, params) {
    const known = this.#readSession().calls?.[params.callID];
    const call = dialog ?? this.#makeDialog(Direction.inbound, { ...this.#inboundParams(params), useVideo: Boolean(known?.useVideo), attach: true });
    call._session = this.#rpc;
    call._attach(params.sdp).catch((error) => console.warn("Verto: attach:", error.message));
  }

  #ready(reattached) {
    for (const dialog of Object.values(this.dialogs)) {
      const waits = dialog.state === State.active || dialog.state === State.held;
      if (waits && !reattached.includes(dialog.callID) && dialog._session !== this.#rpc) {
        dialog._handle("verto.bye", { cause: "NORMAL_TEMPORARY_FAILURE", causeCode: 41 });
      }
    }
    this.#callbacks.onClientReady?.(this, reattached);
  }

  #event(params) {
    const channel = params.eventChannel ?? "";
    const subscription = this.#subscriptions.get(channel) ?? this.#subscriptions.get(channel.split(".")[0]);
    if (subscription?.handler) {
      subscription.handler(this, params);
    } else if (this.dialogs[channel] || this.dialogs[params.pvtData?.callID]) {
      this.#callbacks.onMessage?.(this, this.dialogs[channel] ?? this.dialogs[params.pvtData.callID], "pvtEvent", params.pvtData ?? params.data);
    } else {
      this.#callbacks.onEvent?.(this, params);
    }
  }

  // Calls

  #makeDialog(direction, params, callbacks) {
    const own = { ...this.#params, ...this.#params.deviceParams };
    connectionParams.forEach((name) => delete own[name]);
    const all = { ...this.#callbacks, ...callbacks };
    const dialog = new Dialog(this, direction, { ...own, ...params }, {
      ...all,
      onDialogState: (changed) => {
        this.#ring();
        all.onDialogState?.(changed);
      },
    });
    dialog._session = this.#rpc;
    this.dialogs[dialog.callID] = dialog;
    this._remember(dialog);
    return dialog;
  }

  /** The classic library's rule: on a call that the engine places to us the other side is the caller, on one that we placed the callee. */
  #inboundParams({ sdp, callID, display_direction, ...fields }) {
    const remote = display_direction === "inbound" ? "callee" : "caller";
    return {
      ...fields,
      callID,
      display_direction,
      useVideo: false,
      wantVideo: /^m=video [1-9]/m.test(sdp ?? ""),
      remote_caller_id_name: fields[`${remote}_id_name`] ?? "Nobody",
      remote_caller_id_number: fields[`${remote}_id_number`] ?? "UNKNOWN",
    };
  }

  #ring() {
    const ringing = Object.values(this.dialogs).some((dialog) => dialog.state === State.ringing);
    const file = this.#params.ringFile;
    if (ringing && file && !this.#ringer) {
      this.#ringer = resolveElement(this.#params.ringer_tag) ?? new Audio();
      Object.assign(this.#ringer, { src: file, loop: true });
      this.#ringer.play().catch((error) => console.warn("Verto: ringing:", error.message));
    } else if (!ringing && this.#ringer) {
      this.#ringer.pause();
      this.#ringer = null;
    }
  }

  // Session: survives a reload of this tab, and only that. It holds no secret: taking a session over needs the same login.

  #readSession() {
    try {
      const session = JSON.parse(sessionStorage.getItem(storageKey) ?? "{}");
      return session.login === this.#params.login ? session : {};
    } catch {
      return {};   // not ours, or no storage for this page
    }
  }

  #writeSession(session) {
    try {
      sessionStorage.setItem(storageKey, JSON.stringify({ login: this.#params.login, sessid: this.sessid, ...session }));
    } catch (error) {
      console.warn("Verto: a reload will end calls:", error.message);
    }
  }

  #storedSession() {
    return this.#readSession().sessid ?? Verto.genUUID();
  }
}

/** A client for pages that need one. */
export default new Verto();
