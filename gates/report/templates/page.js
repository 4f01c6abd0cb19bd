"use strict";
// The page is whole without this script: it only adds filtering, sorting and paging of the findings.
document.documentElement.classList.add("js");
document.addEventListener("DOMContentLoaded", () => {
  const PAGE = 100;
  const byId = (id) => document.getElementById(id);
  const table = byId("findings-table");
  if (!table) return;
  const body = table.tBodies[0];
  const count = byId("findings-count");
  const pager = byId("pager");
  const controls = byId("filters");
  const rows = Array.from(body.rows, (row, rank) => ({ row, rank, gate: row.dataset.gate, severity: Number(row.dataset.severity), state: row.dataset.state, text: null }));
  let kept = rows;
  let first = 0;

  const textOf = (item) => (item.text ??= item.row.textContent.toLowerCase());
  const number = (value) => value.toLocaleString("en");

  function showPage() {
    for (const row of body.querySelectorAll("tr.on")) row.classList.remove("on");
    const shown = kept.slice(first, first + PAGE);
    for (const item of shown) item.row.classList.add("on");
    pager.hidden = kept.length <= PAGE;
    byId("page-where").textContent = `${number(first + 1)} to ${number(first + shown.length)} of ${number(kept.length)}`;
    byId("page-back").disabled = first === 0;
    byId("page-on").disabled = first + PAGE >= kept.length;
  }

  function filter() {
    const words = byId("filter-text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const gate = byId("filter-gate").value;
    const severity = byId("filter-severity").value;
    const state = byId("filter-state").value;
    kept = rows.filter((item) =>
      (!gate || item.gate === gate) &&
      (!severity || item.severity === Number(severity)) &&
      (!state || item.state.split(" ").includes(state)) &&
      words.every((word) => textOf(item).includes(word)));
    const keep = new Set(kept);
    for (const item of rows) item.row.classList.toggle("out", !keep.has(item));
    first = 0;
    showPage();
    const all = number(rows.length);
    count.textContent = kept.length === rows.length ? `All ${all} findings` : `${number(kept.length)} of ${all} findings match`;
  }

  const values = {
    severity: (item) => -item.severity,
    state: (item) => item.state,
    text: (item, column) => item.row.cells[column].textContent.trim().toLowerCase(),
  };

  function sort(heading, column) {
    const rising = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const read = values[heading.dataset.sort];
    const keys = new Map(rows.map((item) => [item, read(item, column)]));
    rows.sort((a, b) => {
      const [x, y] = [keys.get(a), keys.get(b)];
      return (x < y ? -1 : x > y ? 1 : 0) * (rising ? 1 : -1) || a.rank - b.rank;
    });
    body.replaceChildren(...rows.map((item) => item.row));
    filter();
  }

  function turn(step) {
    first += step * PAGE;
    showPage();
    byId("findings-caption").scrollIntoView({ block: "nearest" });
  }

  Array.from(table.tHead.rows[0].cells).forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sort(heading, column));
    heading.replaceChildren(button);
  });
  let waiting;
  controls.addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, event.target.type === "search" ? 150 : 0);
  });
  byId("filter-clear").addEventListener("click", () => {
    for (const control of controls.querySelectorAll("input, select")) control.value = "";
    filter();
  });
  byId("page-back").addEventListener("click", () => turn(-1));
  byId("page-on").addEventListener("click", () => turn(1));
  table.classList.add("paged");
  controls.hidden = false;
  showPage();
});
