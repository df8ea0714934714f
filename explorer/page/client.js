// The page's side of a worker: requests with answers, streams, and an end to what takes too long.

let source = null; // {url, module}

// Compiles the core once and makes the workers' script from the page itself, for a page on disk has no other file.
export async function prepare() {
  const text = atob(document.getElementById("core").textContent.trim());
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const script = document.getElementById("worker").textContent;
  source = { url: URL.createObjectURL(new Blob([script], { type: "text/javascript" })), module: await WebAssembly.compile(bytes) };
}

export class Client {
  constructor() {
    this.last = 0;
    this.pending = new Map(); // id -> {resolve, hear, method, began, answered}
  }

  open() {
    if (this.worker) return;
    this.worker = new Worker(source.url);
    this.worker.onmessage = ({ data }) => this.receive(data);
    this.worker.onerror = () => this.end("the computation stopped: a worker failed");
    this.opened = this.post("open", { module: source.module });
  }

  post(method, content, hear) {
    const id = ++this.last;
    return new Promise((resolve) => {
      this.pending.set(id, { resolve, hear, method, began: performance.now() });
      this.worker.postMessage({ id, method, ...content });
    });
  }

  // hear(event, content) is called for what a stream tells.
  ask(method, content = {}, hear = null) {
    this.open();
    const { data, ...rest } = content; // data go to a worker once
    if (data === undefined || content.dataKey === this.held) return this.post(method, rest, hear);
    this.held = content.dataKey;
    return this.post(method, content, hear);
  }

  receive({ id, event, ...content }) {
    const request = this.pending.get(id);
    if (!request) return;
    if (event === "end") this.pending.delete(id);
    if (event !== "done") return void request.hear?.(event, content);
    request.answered = true;
    // a run goes on telling after its request is answered
    if (request.method !== "train" || content.reply.status !== 0) this.pending.delete(id);
    if (content.broken) this.close();
    request.resolve(content.reply);
  }

  // Hears no more of earlier runs.
  forgetRuns() {
    for (const [id, request] of this.pending) if (request.method === "train") this.pending.delete(id);
  }

  // How long the oldest question has waited, in milliseconds.
  waiting() {
    let longest = 0;
    for (const { began, answered } of this.pending.values()) if (!answered) longest = Math.max(longest, performance.now() - began);
    return longest;
  }

  close() {
    this.worker?.terminate();
    this.worker = this.held = null;
  }

  // Ends the worker and everything that waits for it; the next request starts another one.
  end(message = "stopped") {
    this.close();
    const waiting = [...this.pending.values()];
    this.pending.clear();
    for (const { resolve } of waiting) resolve({ status: 6, message });
  }
}
