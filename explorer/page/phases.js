// The phase diagram: the limit's cosine with a reference for every beta2 and batch size, a cell each.
import { make, find, set, write } from "./dom.js";
import { cosine, SHORT_NAMES } from "./words.js";

const NARROW = matchMedia("(max-width: 560px)"), LEFT = 56, TOP = 8, RIGHT = 8, BOTTOM = 44, ROW = 26;

export class Phases {
  // choose(column, row): a cell was pressed.
  constructor(choose) {
    this.svg = find("phase-picture");
    this.choose = choose;
    this.cells = [];
  }

  // columns, rows: {name, title, values}
  begin(columns, rows) {
    Object.assign(this, { columns, rows, cells: rows.values.map(() => []) });
    const total = NARROW.matches ? 360 : 560, every = Math.ceil(columns.values.length / (total / 34)); // labels with room between them
    const height = TOP + BOTTOM + ROW * rows.values.length, width = (total - LEFT - RIGHT) / columns.values.length;
    set(this.svg, { viewBox: `0 0 ${total} ${height}` });
    this.boxes = rows.values.map((row, y) => columns.values.map((column, x) => make("rect", {
      x: (LEFT + x * width).toFixed(1), y: TOP + (rows.values.length - 1 - y) * ROW, width: (width - 2).toFixed(1), height: ROW - 2, class: "cell", rx: 2,
      click: () => this.choose(column, row) }, make("title"))));
    this.svg.replaceChildren(...this.boxes.flat(),
      ...columns.values.map((column, x) => make("text", { x: LEFT + (x + 0.5) * width, y: height - BOTTOM + 16, "text-anchor": "middle" }, column === "full" ? "all" : x % every ? "" : column)),
      ...rows.values.map((row, y) => make("text", { x: LEFT - 6, y: TOP + (rows.values.length - 1 - y) * ROW + 17, "text-anchor": "end" }, row)),
      make("text", { x: (total + LEFT) / 2, y: height - 6, "text-anchor": "middle", class: "title" }, columns.title),
      make("text", { x: 12, y: (height - BOTTOM) / 2, "text-anchor": "middle", class: "title", transform: `rotate(-90 12 ${(height - BOTTOM) / 2})` }, rows.title));
  }

  add({ x, y, limit }, reference) {
    this.cells[y][x] = limit;
    this.paint(x, y, reference);
  }

  valueAt(x, y, reference) {
    const limit = this.cells[y]?.[x];
    return limit && limit.status === 0 && limit.kind === 0 ? limit.measures?.[`cosine_${reference}`] ?? null : null;
  }

  // Dark where the limit is the reference; hatched (class none) where there is no certified direction.
  paint(x, y, reference) {
    const limit = this.cells[y]?.[x], value = this.valueAt(x, y, reference), box = this.boxes[y][x];
    if (!limit) return;
    const share = value === null ? null : Math.max(0, Math.min(1, (value - 0.5) / 0.5));
    box.setAttribute("class", value === null ? "cell none" : "cell known");
    box.style.setProperty("--share", share === null ? "" : `${(100 * share ** 2).toFixed(1)}%`);
    write(box.firstChild, `${this.columns.title} ${this.columns.values[x]}, ${this.rows.title} ${this.rows.values[y]}: ` +
      (value === null ? limit.message ?? "no limit of a direction" : `cosine ${cosine(value, limit.standard_error)} with ${SHORT_NAMES[reference]}`));
  }

  repaint(reference) {
    this.cells.forEach((row, y) => row.forEach((_, x) => this.paint(x, y, reference)));
    this.fillTable(reference);
  }

  // The same values as a table, for those who do not see the picture.
  fillTable(reference) {
    if (!this.columns) return;
    const text = (x, y) => this.cells[y]?.[x] ? cosine(this.valueAt(x, y, reference), this.cells[y][x].standard_error) : "";
    find("phase-table").replaceChildren(
      make("caption", {}, `Cosine of the predicted limit with ${SHORT_NAMES[reference]}`),
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, `${this.rows.title} \\ ${this.columns.title}`), this.columns.values.map((column) => make("th", { scope: "col" }, column)))),
      make("tbody", {}, this.rows.values.map((row, y) => make("tr", {}, make("th", { scope: "row" }, row), this.columns.values.map((column, x) => make("td", {}, make("button", { type: "button", class: "quiet", click: () => this.choose(column, row),
        "aria-label": `train with ${this.columns.title} ${column}, ${this.rows.title} ${row}: cosine ${text(x, y)}` }, text(x, y))))))));
  }
}
