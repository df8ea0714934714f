// Which lines are shown, with the values of each: the legend is the table of numbers, too.
import { make, find, set, write } from "./dom.js";
import { LINE_NAMES, SHORT_NAMES, cosine, short } from "./words.js";

const ROWS = ["training", "limit", "l2", "linf", "l1", "spectral"];

export class Legend {
  // toggle(name, on); fixed: the rows that are not lines of the picture.
  constructor(id, toggle, fixed = []) {
    this.table = find(id);
    this.rows = Object.fromEntries(ROWS.map((name) => {
      const box = make("input", { type: "checkbox", id: `${id}-${name}`, change: () => toggle(name, box.checked) });
      const swatch = make("svg", { viewBox: "0 0 34 10", class: "swatch", "aria-hidden": "true" }, make("line", { x1: 1, x2: 33, y1: 5, y2: 5, class: `line line-${name}` }));
      const cells = ["l2", "linf", "l1", "spectral"].map(() => make("td"));
      return [name, { box, cells, row: make("tr", {}, make("th", { scope: "row" }, fixed.includes(name) ? LINE_NAMES[name] : make("label", { for: `${id}-${name}` }, box, swatch, make("span", {}, LINE_NAMES[name]))), cells, make("td")) }];
    }));
    this.heads = ["l2", "linf", "l1", "spectral"].map((name) => make("th", { scope: "col" }, `cos ${SHORT_NAMES[name]}`));
    this.table.replaceChildren(make("caption", { class: "hidden" }, "Lines, their cosines with the max margins, and their margins"),
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "line"), this.heads, make("th", { scope: "col" }, "ℓ₂ margin"))),
      make("tbody", {}, Object.values(this.rows).map(({ row }) => row)));
  }

  // norms: the references of the data; values: {name: {measures, margin, uncertainty}}.
  show(norms, shown, values, present) {
    const order = ["l2", "linf", "l1", "spectral"];
    this.heads.forEach((head, i) => { head.hidden = !norms.includes(order[i]); });
    for (const [name, { row, box, cells }] of Object.entries(this.rows)) {
      row.hidden = !present.includes(name);
      box.checked = shown.includes(name);
      const value = values[name] ?? {};
      const title = box.parentElement?.lastChild;
      if (title) write(title, LINE_NAMES[name] + (value.unique === false ? " (one of several)" : ""));
      cells.forEach((cell, i) => {
        cell.hidden = !norms.includes(order[i]);
        write(cell, order[i] === name ? "1" : cosine(value.measures?.[`cosine_${order[i]}`], value.uncertainty));
      });
      write(row.lastChild, short(value.measures?.margin_l2));
    }
  }
}
