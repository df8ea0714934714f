// The computing side of the page: a worker each for what is known of the data, the run, the forecast and the diagram.
import { Client } from "./client.js";

const IMPATIENT = 250; // milliseconds after which an outdated question is given up
let keys = 0;
export const newDataKey = () => ++keys;

// One question at a time, and of those that come meanwhile the latest alone.
export class Latest {
  constructor(method, hear) {
    this.client = new Client();
    this.method = method;
    this.hear = hear; // (reply, question)
  }

  ask(question) {
    this.wanted = question;
    if (!this.busy) this.work();
    else if (this.client.waiting() > IMPATIENT) this.client.end("outdated");
  }

  async work() {
    this.busy = true;
    while (this.wanted) {
      const question = this.wanted;
      this.wanted = null;
      const reply = await this.client.ask(this.method, question);
      if (reply.status !== 6 || !this.wanted) this.hear(reply, question);
    }
    this.busy = false;
  }

  stop() {
    this.wanted = null;
    this.client.end("stopped by you");
  }
}

// The run of training: at most one, started again whenever something changes.
export class Runner {
  constructor() {
    this.client = new Client();
    this.number = 0;
  }

  // question: {dataKey, data, options, speed, total, perDecade, paused}; hear(event, content), reply on failure.
  async start(question, hear) {
    const number = ++this.number;
    if (this.client.waiting() > IMPATIENT) this.client.end("outdated");
    this.client.forgetRuns();
    const reply = await this.client.ask("train", question, (event, content) => { if (number === this.number) hear(event, content); });
    if (number === this.number && reply.status !== 0) hear("failed", { reply });
  }

  control(change) { return this.client.ask("control", change); }

  stop() {
    this.number++;
    this.client.forgetRuns();
    if (this.client.worker) this.client.ask("stop");
  }
}
