// What the page asks the service. Addresses count from the page's own, so that a proxy may serve
// both below any path.

const TITLES = {
  0: "The service does not answer", 401: "A key is needed", 413: "Too large",
  415: "This cannot be judged", 422: "This cannot be judged", 429: "The service is busy",
  503: "The service is not ready",
};

let key = "";  // in memory alone: what is stored, other pages of this host could read

export function useKey(text) { key = text; }

/** A request that the service did not answer, in the words that it found for it. */
export class Refusal extends Error {
  constructor(status, { error, detail, field }) {
    super(detail ?? "The service gave no reason.");
    this.status = status;
    this.title = TITLES[status] ?? error ?? `Status ${status}`;
    this.field = field;
  }
}

/** Send a form, or an object as JSON, or nothing; a refusal is thrown. */
export async function call(path, { form, json, signal } = {}) {
  const headers = new Headers(key ? { Authorization: `Bearer ${key}` } : {});
  if (json) headers.set("Content-Type", "application/json");
  const body = json ? JSON.stringify(json) : form;
  let reply;
  try {
    reply = await fetch(path, { method: body ? "POST" : "GET", headers, signal, body });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, { detail: "It cannot be reached, or it broke off. Try again." });
  }
  if (reply.ok) return reply;
  throw new Refusal(reply.status, await reply.json().catch(() => ({})));
}

/** Make a form of pictures; they go without their names, which may name a patient. */
export function formOf(name, pictures, texts) {
  const form = new FormData();
  pictures.forEach(({ file }, i) => form.append(name, file, `radiograph-${i + 1}`));
  for (const [field, text] of Object.entries(texts)) if (text) form.append(field, text);
  return form;
}
