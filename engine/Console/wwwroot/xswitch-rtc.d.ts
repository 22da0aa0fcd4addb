// Types of xswitch-rtc.js.

export type StateName =
  | "new" | "requesting" | "trying" | "recovering" | "ringing" | "answering" | "early" | "active" | "held" | "hangup" | "destroy" | "purge";

export interface DialogState { readonly name: StateName; readonly val: number }
export interface DialogDirection { readonly name: "inbound" | "outbound"; readonly val: number }

export declare const State: Readonly<Record<StateName, DialogState>>;
export declare const Direction: Readonly<Record<"inbound" | "outbound", DialogDirection>>;

/** An element, its id, or a function that returns either. */
export type Tag = string | HTMLMediaElement | (() => string | HTMLMediaElement | null);

/** "any", the id of a device, or false for none. */
export type Device = "any" | "none" | string | boolean;

export interface MediaParams {
  /** Send the camera. The picture of the other side is shown whenever it sends one. */
  useVideo?: boolean;
  useStereo?: boolean;
  useMic?: Device;
  useCamera?: Device;
  useSpeak?: Device;
  /** Send this instead of capturing; it is not stopped at the end of the call. */
  useStream?: MediaStream;
  audioParams?: MediaTrackConstraints;
  /** minWidth, minHeight, minFrameRate, maxWidth and maxHeight are wishes; standard constraints are passed on. */
  videoParams?: MediaTrackConstraints & { minWidth?: number; minHeight?: number; minFrameRate?: number; maxWidth?: number; maxHeight?: number };
  /** Names of codecs to offer, best first, such as ["PCMU"]. Absent: the browser's order. */
  audioCodecs?: string[];
  videoCodecs?: string[];
  /** STUN and TURN servers; true or absent: none, the engine is reached directly. */
  iceServers?: boolean | RTCIceServer[];
  /** Where remote media is played and local video is shown. Without a tag sound is played all the same. */
  tag?: Tag;
  localTag?: Tag;
}

export interface CallArgs extends MediaParams {
  destination_number: string;
  caller_id_name?: string;
  caller_id_number?: string;
  callID?: string;
  remote_caller_id_name?: string;
  remote_caller_id_number?: string;
  /** false: the call ends with the connection instead of waiting for its return. */
  recoverCall?: boolean;
  /** Become channel variables verto_dvar_NAME. */
  userVariables?: Record<string, string | boolean>;
}

export interface VertoParams extends Omit<MediaParams, "useStream"> {
  /** ws://…/ws on http pages, wss://…/ws on https pages. */
  socketUrl: string;
  /** user@domain */
  login: string;
  /** The password; anything with a token. */
  passwd?: string;
  loginParams?: { xui_sessid?: string; [name: string]: string | boolean | undefined };
  userVariables?: Record<string, string | boolean>;
  deviceParams?: { useMic?: Device; useCamera?: Device; useSpeak?: Device };
  caller_id_name?: string;
  caller_id_number?: string;
  /** A sound file played while a call rings, and the element that plays it. */
  ringFile?: string;
  ringer_tag?: Tag;
  /** Connect again after a loss, and take answered calls up again. Default true. */
  autoReconnect?: boolean;
  /** Default every 20 s, closed after 3 without an answer. `interval` in milliseconds; below 1000 it is read as seconds. false: none. */
  keepAlive?: false | { interval?: number; maxFailed?: number };
  /** Default: the one of this tab, so that a reload takes calls up again. */
  sessid?: string;
}

export interface DialogCallbacks {
  /** After each change of state, and when screen sharing begins or ends. */
  onDialogState?(dialog: Dialog): void;
  onRemoteStream?(dialog: Dialog, stream: MediaStream): void;
  onPeerState?(dialog: Dialog, state: RTCPeerConnectionState): void;
  /** A text or other information: of a call, or with dialog null of the session. `kind`: "info", "display", "pvtEvent", or a method. */
  onMessage?(verto: Verto, dialog: Dialog | null, kind: string, data: any): void;
}

export interface VertoCallbacks extends DialogCallbacks {
  /** After each login; `error` says why it failed. */
  onWSLogin?(verto: Verto, success: boolean, error?: RpcError): void;
  onWSClose?(verto: Verto, code: number, reason: string): void;
  /** The engine is done with the login; these calls were taken up again. */
  onClientReady?(verto: Verto, reattachedCallIDs: string[]): void;
  /** Another page has taken this session over. */
  onPunt?(verto: Verto): void;
  /** An event of a channel without a handler. */
  onEvent?(verto: Verto, event: any): void;
}

export declare class RpcError extends Error {
  /** JSON-RPC code of the server; 0 if the connection failed. */
  readonly code: number;
  /** The other members of the server's error: cause, causeCode, callID … */
  readonly data: Record<string, any>;
}

export declare class Dialog {
  readonly callID: string;
  readonly direction: DialogDirection;
  readonly state: DialogState;
  readonly lastState: DialogState;
  /** Why the call ended, such as "NORMAL_CLEARING" or "USER_BUSY". */
  readonly cause: string | null;
  readonly causeCode: number | null;
  readonly params: CallArgs & Record<string, any>;
  readonly localStream: MediaStream | null;
  readonly remoteStream: MediaStream | null;
  readonly peerConnection: RTCPeerConnection | null;
  readonly screenShare: boolean;
  /** When it became active, in milliseconds since 1970. */
  readonly answeredAt: number | null;
  readonly isEnded: boolean;
  /** What made the call fail on this side, such as a refused microphone. */
  readonly error?: Error;

  answer(opts?: MediaParams): Promise<void>;
  hangup(params?: { cause?: string; causeCode?: number }): void;
  dtmf(digits: string): Promise<object>;
  message(message: { to?: string; body: string }): Promise<object>;
  hold(opts?: object): Promise<object>;
  unhold(opts?: object): Promise<object>;
  toggleHold(opts?: object): Promise<object>;
  transfer(destination: string, opts?: object): Promise<object>;
  replace(other: string | Dialog, opts?: object): Promise<object>;
  /** "off" mutes. Returns whether the microphone is let through. */
  setMute(what: "on" | "off" | "toggle"): boolean;
  getMute(): boolean;
  setVideoMute(what: "on" | "off" | "toggle"): boolean;
  getVideoMute(): boolean;
  setVideo(on: boolean): Promise<void>;
  shareScreen(stream?: MediaStream): Promise<void>;
  stopScreenShare(): Promise<void>;
  setDevices(devices: { useMic?: string; useCamera?: string; useSpeak?: string }): Promise<void>;
  setTag(tag: Tag, localTag?: Tag): void;
}

export declare class Verto {
  static readonly State: typeof State;
  static readonly Direction: typeof Direction;
  static readonly captureProblem: string | null;
  static refreshDevices(): Promise<{ audioIn: MediaDeviceInfo[]; audioOut: MediaDeviceInfo[]; video: MediaDeviceInfo[] }>;
  static genUUID(): string;

  /** Connects at once if params are given. */
  constructor(params?: VertoParams, callbacks?: VertoCallbacks);
  readonly dialogs: Record<string, Dialog>;
  readonly sessid: string | null;

  connect(params: VertoParams, callbacks?: VertoCallbacks): this;
  socketReady(): boolean;
  newCall(args: CallArgs, callbacks?: DialogCallbacks, onSuccess?: (dialog: Dialog) => void, onError?: (error: Error) => void): Dialog;
  message(message: { to: string; body: string; [more: `from_${string}` | `to_${string}`]: string }): Promise<object>;
  request(method: string, params?: object): Promise<any>;
  subscribe(channel: string, params?: { handler?(verto: Verto, event: any): void; subParams?: object }): Promise<any>;
  unsubscribe(channel: string): Promise<any>;
  broadcast(channel: string, data: object, localBroadcast?: boolean): Promise<any>;
  hangup(callID?: string): void;
  logout(): void;
  closeSocket(code?: number): void;
  purge(): void;
}

declare const verto: Verto;
export default verto;
