// JSON-RPC 2.0 over one WebSocket, as Verto speaks it: both sides ask, and each side numbers its own requests.

/** What the other side answered instead of a result. `code` is 0 when the connection failed, not the request. */
export class RpcError extends Error {
  constructor({ message = "", code = 0, ...rest } = {}) {
    super(message || rest.cause || "request failed");
    this.name = "RpcError";
    this.code = code;
    this.data = rest;
  }
}

export class Rpc {
  #socket;
  #handlers;
  #pending = new Map();
  #lastId = 0;

  /**
   * @param {string} url ws: or wss:
   * @param {{open(): void, request(method: string, params: object): void, close(code: number, reason: string): void}} handlers
   */
  constructor(url, handlers) {
    this.#handlers = handlers;
    this.#socket = new WebSocket(url);
    this.#socket.onopen = () => handlers.open();
    this.#socket.onmessage = (event) => this.#receive(event.data);
    this.#socket.onclose = (event) => this.#closed(event.code, event.reason);
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Resolves to the result. Rejects with an RpcError: what the server said, no answer in time, or a lost connection. */
  request(method, params, timeoutMs = 30_000) {
    if (!this.isOpen) {
      return Promise.reject(new RpcError({ message: "not connected" }));
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id)?.reject(new RpcError({ message: `no answer to ${method}` })), timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ jsonrpc: "2.0", method, params, id }));
    });
  }

  /** Ends the connection now; `close` is reported at once, because a dead network would hold the browser's own event back for a minute. */
  close(code = 1000, reason = "") {
    const socket = this.#socket;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(code, reason);
      this.#closed(code, reason);
    }
  }

  #settle(id) {
    const entry = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(entry?.timer);
    return entry;
  }

  #receive(text) {
    // "#SP…" are lines of the speed test, not JSON.
    if (typeof text !== "string" || text.startsWith("#")) {
      return;
    }
    let message;
    try {
      message = JSON.parse(text);
    } catch (error) {
      console.warn("Verto: not JSON:", error.message);
      return;
    }
    for (const one of Array.isArray(message) ? message : [message]) {
      this.#dispatch(one);
    }
  }

  #dispatch(message) {
    if (message?.method) {
      // Acknowledged first: what the handler does may take as long as a person needs.
      this.#socket?.send(JSON.stringify({ jsonrpc: "2.0", id: message.id ?? null, result: { method: message.method } }));
      this.#handlers.request(message.method, message.params ?? {});
    } else if (message && "error" in message) {
      this.#settle(message.id)?.reject(new RpcError(message.error ?? {}));
    } else if (message) {
      this.#settle(message.id)?.resolve(message.result ?? {});
    }
  }

  #closed(code, reason) {
    this.#socket = null;
    for (const id of [...this.#pending.keys()]) {
      this.#settle(id).reject(new RpcError({ message: "connection lost" }));
    }
    this.#handlers.close(code, reason);
  }
}
