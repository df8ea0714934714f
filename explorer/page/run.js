// A run in a worker: steps in short slices, at a chosen speed, so that messages are heard between two of them.

const SLICE = 12; // milliseconds of steps between two messages
const FRAME = 16; // milliseconds between two reports

export class Run {
  constructor() {
    this.channel = new MessageChannel(); // setTimeout would wait 4 ms each time
    this.channel.port1.onmessage = () => this.slice();
  }

  // request: speed in steps a second (Infinity: as fast as it goes), total (or Infinity), perDecade (0: no records).
  start(core, request, tell) {
    const reply = core.start();
    if (reply.status !== 0) return reply;
    Object.assign(this, { core, tell, step: 0, speed: request.speed, total: request.total ?? Infinity,
      perDecade: request.perDecade ?? 0, withWeights: request.withWeights ?? true, paused: request.paused ?? false, active: true, rate: 100, owed: 0,
      before: performance.now(), reported: 0, busy: 0 });
    this.next = this.nextRecord();
    this.report();
    this.wake();
    return reply;
  }

  control({ speed, paused }) {
    this.speed = speed ?? this.speed;
    this.paused = paused ?? this.paused;
    this.before = performance.now();
    if (this.active) this.wake();
    return { status: 0 };
  }

  stop() {
    this.active = false;
    return { status: 0 };
  }

  wake() {
    if (!this.paused && !this.waiting) {
      this.waiting = true;
      this.channel.port2.postMessage(0);
    }
  }

  nextRecord() {
    return this.perDecade ? this.core.recordNext(this.step, Math.min(this.total, 1e15), this.perDecade) : Infinity;
  }

  // How many steps are due now: as many as time allows at full speed, else what the clock says.
  due(now) {
    const possible = Math.max(1, Math.floor(this.rate * SLICE / 1000));
    if (this.speed === Infinity) return possible;
    this.owed = Math.min(this.owed + (now - this.before) / 1000 * this.speed, 2 * possible);
    const whole = Math.min(Math.floor(this.owed), possible);
    this.owed -= whole;
    return whole;
  }

  slice() {
    this.waiting = false;
    if (!this.active || this.paused) return;
    const start = performance.now();
    const steps = this.due(start);
    this.before = start;
    let left = Math.min(steps, this.total - this.step);
    while (left > 0 && this.active) {
      const part = Math.min(left, this.next - this.step);
      if (this.core.steps(part) !== 0) return this.end();
      this.step += part;
      left -= part;
      if (this.step === this.next) {
        this.report("record");
        this.next = this.nextRecord();
      }
    }
    const end = performance.now();
    if (steps > 0) this.rate = Math.min(4 * this.rate, steps / Math.max(0.05, end - start) * 1000);
    if (this.step >= this.total) return this.end();
    if (end - this.reported > FRAME) this.report();
    if (steps > 0) this.wake();
    else setTimeout(() => this.wake(), 1);
  }

  report(event = "frame") {
    const state = this.core.where(event === "record" || this.withWeights);
    this.reported = performance.now();
    this.tell(event, { state, rate: this.rate });
    return state;
  }

  end() {
    this.active = false;
    this.report("frame");
    this.tell("end", {});
  }
}
