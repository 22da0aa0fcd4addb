// Who uses the page. The password is exchanged for a token and not kept; the token outlives a reload of this tab and nothing else.

const resumeKey = "demo.resume";

/** The engine's address for this page: plain pages talk ws, secure pages wss. */
export function socketUrl(path = "/ws") {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
}

/** "1000" becomes "1000@host". */
export function fullLogin(login) {
  return login.includes("@") ? login : `${login}@${location.hostname}`;
}

/**
 * Asks the engine for a token.
 * @returns {Promise<string|null>} null from an engine that has none to give; then the password itself has to be used.
 */
export async function requestToken(login, password) {
  const response = await fetch("/api/sessions", {
    method: "POST",
    credentials: "omit",    // the token is wanted here, not as a cookie that stays
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ login: login.split("@")[0], password }),
  });
  if (response.status === 401 || response.status === 403) {
    throw new Error("Number or password is wrong.");
  }
  if (response.status === 429) {
    throw new Error("Too many attempts. Wait a minute.");
  }
  return response.ok ? ((await response.json()).token ?? null) : null;
}

/** Ends a token. */
export function revokeToken(token) {
  return fetch("/api/sessions", { method: "DELETE", credentials: "omit", headers: { Authorization: `Bearer ${token}` } }).catch(() => {});
}

/** Hands the token to the next load of this tab while the page goes away: only then does it stand in the tab's storage. */
export function keepForReload(current) {
  addEventListener("pagehide", () => {
    const value = current();
    if (value?.token) {
      sessionStorage.setItem(resumeKey, JSON.stringify(value));
    }
  });
}

/** What the former load left, once. @returns {{login: string, token: string}|null} */
export function takeFromReload() {
  const text = sessionStorage.getItem(resumeKey);
  sessionStorage.removeItem(resumeKey);
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}
