// The page: its state, the two views, the controls, the tour, and one place where everything is drawn.
import { find, set, write } from "./dom.js";
import { prepare } from "./client.js";
import { decode, encode, DEFAULTS } from "./state.js";
import { Controls } from "./controls.js";
import { PlaneView } from "./planeview.js";
import { ManyView } from "./manyview.js";
import { TOUR } from "./tour.js";

const PATIENT = 1000; // milliseconds after which a computation shows its progress

class App {
  constructor() {
    this.state = decode(location.hash.slice(1));
    this.times = { frames: [], answers: [] }; // milliseconds, for the tests
  }

  async begin() {
    await prepare();
    this.views = { plane: new PlaneView(this), many: new ManyView(this) };
    const table = await this.views.plane.solver.client.ask("describe");
    this.controls = new Controls(table.options, (name, value) => this.choose({ [name]: value }));
    write(find("version"), `biascope ${table.version}`);
    this.listen();
    this.applyTheme(localStorageGet("theme") ?? "auto");
    this.show(this.state.view);
    setInterval(() => this.watch(), 200);
    document.body.dataset.ready = "true";
  }

  get view() { return this.views[this.state.view]; }

  listen() {
    for (const name of ["plane", "many"]) find(`tab-${name}`).addEventListener("click", () => this.go(name));
    find("tab-tour").addEventListener("click", () => this.take(1));
    find("tour-next").addEventListener("click", () => this.take(this.state.tour % TOUR.length + 1));
    find("tour-back").addEventListener("click", () => this.take(this.state.tour - 1));
    find("tour-close").addEventListener("click", () => { this.state.tour = 0; this.change(); });
    for (const name of ["equations", "curves"]) find(name).addEventListener("toggle", () => this.redraw());
    find("stop").addEventListener("click", () => this.view.solver.stop());
    find("theme").addEventListener("click", () => this.applyTheme({ auto: "light", light: "dark", dark: "auto" }[this.theme]));
    find("share").addEventListener("click", () => this.share());
    addEventListener("hashchange", () => {
      if (location.hash.slice(1) === encode(this.state)) return;
      this.state = decode(location.hash.slice(1));
      this.show(this.state.view);
    });
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.view.runner.control({ paused: true }); else this.view.runner.control({ paused: this.view.paused ?? false }); });
  }

  // ---- What changes the state

  show(name) {
    for (const other of Object.keys(this.views)) {
      find(other).hidden = other !== name;
      set(find(`tab-${other}`), { "aria-current": other === name ? "page" : null });
      if (other !== name) this.views[other].leave();
    }
    this.view.renew();
  }

  async go(name) {
    if (this.state.view === name) return;
    this.state.view = name;
    this.show(name);
  }

  take(step) {
    const { set: settings } = TOUR[step - 1];
    Object.assign(this.state, structuredClone(settings), { tour: step });
    this.show(this.state.view);
    find("tour").scrollIntoView({ block: "nearest" });
  }

  choose(options) {
    Object.assign(this.state.options, options);
    if (this.view.question) this.view.ask();
    this.change();
  }

  toggle(name, on) {
    this.state.shown = on ? [...this.state.shown, name] : this.state.shown.filter((other) => other !== name);
    this.change();
  }

  change() {
    clearTimeout(this.written);
    this.written = setTimeout(() => history.replaceState(null, "", `#${encode(this.state)}`), 150);
    this.redraw();
  }

  async share() {
    history.replaceState(null, "", `#${encode(this.state)}`);
    try {
      await navigator.clipboard.writeText(location.href);
      this.say("The address of this state is in the clipboard.");
    } catch {
      this.say("The address line holds this state: copy it from there.");
    }
  }

  applyTheme(theme) {
    this.theme = theme;
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    write(find("theme"), { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" }[theme]);
    localStorageSet("theme", theme);
  }

  // ---- What is drawn

  say(sentence) { write(find("status"), sentence); }

  showOptions(options, samples) {
    if (options.values) this.controls.show(options.values, samples);
  }

  record(name, milliseconds) {
    this.times[name].push(milliseconds);
    if (this.times[name].length > 2000) this.times[name].shift();
  }

  redraw() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      const start = performance.now();
      this.drawing = false;
      this.view.draw();
      this.drawTour();
      this.record("frames", performance.now() - start);
    });
  }

  drawTour() {
    const step = TOUR[this.state.tour - 1];
    find("tour").hidden = !step;
    set(find("tab-tour"), { "aria-current": step ? "page" : null });
    if (!step) return;
    write(find("tour-title"), `${this.state.tour} of ${TOUR.length}: ${step.title}`);
    write(find("tour-text"), step.text);
    set(find("tour-back"), { disabled: this.state.tour === 1 });
    write(find("tour-next"), this.state.tour === TOUR.length ? "Start again" : "Next");
  }

  watch() {
    const waiting = this.view.solver.client.waiting();
    find("waiting").hidden = waiting < PATIENT;
    if (waiting >= PATIENT) write(find("waiting-text"), `Computing the max margins and the limit: ${Math.round(waiting / 1000)} s`);
  }
}

// A page on disk may be refused its storage.
function localStorageGet(name) {
  try { return localStorage.getItem(`biascope-${name}`); } catch { return null; }
}
function localStorageSet(name, value) {
  try { localStorage.setItem(`biascope-${name}`, value); } catch { /* the theme is not remembered */ }
}

const app = new App();
globalThis.explorer = app; // for the tests, and for the curious
app.begin().catch((failure) => app.say(`This browser cannot run the page: ${failure.message}. It needs WebAssembly with vectors, as Chrome 91, Firefox 89 and Safari 16.4 have it.`));
