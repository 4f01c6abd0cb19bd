"use strict";
// The page is whole without this script up to the first findings. It filters, sorts and pages all of them, from the data at its end.
document.documentElement.classList.add("js");
document.addEventListener("DOMContentLoaded", () => {
  const PAGE = 100;
  const MOST_PRINTED = 500;
  const SEVERITIES = ["info", "low", "medium", "high", "critical"];
  const FLAGS = { waived: 1, suppressed: 2, since: 4 };
  const byId = (id) => document.getElementById(id);
  const number = (value) => value.toLocaleString("en");
  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };

  // -- what is folded away is opened for printing, and where a link leads

  const opened = [];
  function open() {
    for (const fold of document.querySelectorAll("details:not([open])")) {
      fold.open = true;
      opened.push(fold);
    }
  }
  function close() {
    for (const fold of opened.splice(0)) fold.open = false;
  }
  const openTarget = () => {
    const target = location.hash && byId(location.hash.slice(1));
    if (target && target.localName === "details") target.open = true;
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  const printing = [open];
  const printed = [close];
  let onPaper = false;
  const turnTo = (paper, acts) => {
    if (paper !== onPaper) acts.forEach((act) => act());
    onPaper = paper;
  };
  const print = () => turnTo(true, printing);
  const unprint = () => turnTo(false, printed);
  addEventListener("beforeprint", print);
  addEventListener("afterprint", unprint);
  matchMedia("print").addEventListener("change", (event) => (event.matches ? print() : unprint()));

  // -- findings

  const block = byId("findings-data");
  if (!block) return;
  const { gates, limits, texts, rows } = JSON.parse(block.textContent);
  const table = byId("findings-table");
  const body = table.tBodies[0];
  const count = byId("findings-count");
  const pager = byId("pager");
  const controls = byId("filters");
  const back = byId("page-back");
  const on = byId("page-on");
  const all = rows.map(([gate, severity, state, note, flags, rule, place, order, message, remedy, more, linked, fingerprint, held, properties], rank) => (
    { rank, gate, severity, state: texts[state], note: texts[note], flags, rule: texts[rule], place: texts[place], order, message: texts[message],
      remedy: texts[remedy], more: texts[more], linked, fingerprint: texts[fingerprint], held, properties, words: null }));
  let kept = all;
  let first = 0;
  let sorted = "";

  const code = (text) => element("code", "", text);
  const link = (text, href) => Object.assign(element("a", "", text), { href });

  function outward(text) {
    const made = element("a", "", text);
    made.setAttribute("href", text);
    made.rel = "noopener noreferrer";
    return made;
  }

  function lineage(item) {
    const [gate, tools, files] = gates[item.gate];
    const list = element("dl", "pairs", element("dt", "", "Policy"));
    for (const index of item.held) {
      const [id, text, met, tone, place] = limits[index];
      list.append(element("dd", "", link(text, `#${id}`), " ", element("span", `badge ${tone}`, met), ...(place ? [" ", code(place)] : [])));
    }
    if (!item.held.length) list.append(element("dd", "", "no limit counts it"));
    list.append(element("dt", "", "Finding"), element("dd", "", code(item.fingerprint)));
    for (let index = 0; index < item.properties.length; index += 2) {
      list.append(element("dt", "", texts[item.properties[index]]), element("dd", "", texts[item.properties[index + 1]]));
    }
    const evidence = element("dd", "", link(`raw/${gate}/`, files ? `#evidence-${item.gate}` : "#tools"), `, ${number(files)} ${files === 1 ? "file" : "files"}`);
    list.append(element("dt", "", "Evidence"), evidence, element("dt", "", "Tool"), element("dd", "", tools ? link(tools, `#tool-${item.gate}`) : "none was recorded"));
    const of = element("span", "unseen", ` of ${item.rule} at ${item.place}`);
    return element("details", "lineage-of", element("summary", "", "Lineage", of), list);
  }

  function draw(item) {
    const state = element("td", "", item.state);
    if (item.note) state.append(element("br"), element("span", "quiet", item.note));
    if (item.flags & FLAGS.since) state.append(element("br"), element("span", "quiet", "new since the previous bundle"));
    const what = element("td", "what", element("p", "message", item.message));
    if (item.remedy) what.append(element("p", "remedy", element("span", "label", "Remedy"), ` ${item.remedy}`));
    if (item.more) what.append(element("p", "trace", "More at ", item.linked ? outward(item.more) : code(item.more)));
    what.append(lineage(item));
    return element("tr", "",
      element("td", "", element("span", `severity s${item.severity}`, SEVERITIES[item.severity])), state,
      element("td", "rule", code(item.rule)), element("td", "place", code(item.place)), what);
  }

  function show(from, to) {
    body.replaceChildren(...kept.slice(from, to).map(draw));
  }

  function showPage() {
    const last = Math.min(first + PAGE, kept.length);
    show(first, last);
    pager.hidden = kept.length <= PAGE;
    byId("page-where").textContent = `${number(first + 1)} to ${number(last)} of ${number(kept.length)}`;
    back.setAttribute("aria-disabled", String(first === 0));
    on.setAttribute("aria-disabled", String(last >= kept.length));
  }

  const wordsOf = (item) => (item.words ??= [gates[item.gate][0], SEVERITIES[item.severity], item.state, item.note, item.rule, item.place, item.message,
    item.remedy, item.fingerprint, ...item.properties.map((index) => texts[index])].join("\n").toLowerCase());

  const hasState = (item, state) => (state in FLAGS ? (item.flags & FLAGS[state]) !== 0 : item.state === state);

  function filter() {
    const words = byId("filter-text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const [gate, severity, state, limit] = ["gate", "severity", "state", "limit"].map((name) => byId(`filter-${name}`).value);
    const held = limits.findIndex(([id]) => id === limit);
    kept = all.filter((item) =>
      (!gate || item.gate === Number(gate)) &&
      (!severity || item.severity === Number(severity)) &&
      (!state || hasState(item, state)) &&
      (!limit || item.held.includes(held)) &&
      words.every((word) => wordsOf(item).includes(word)));
    first = 0;
    showPage();
    say();
  }

  function say() {
    const whole = number(all.length);
    count.textContent = (kept.length === all.length ? `All ${whole} findings` : `${number(kept.length)} of ${whole} findings match`) + sorted;
  }

  const orders = {
    severity: (a, b) => b.severity - a.severity,
    state: (a, b) => compare(a.state, b.state),
    rule: (a, b) => compare(a.rule, b.rule),
    place: (a, b) => a.order - b.order,
    message: (a, b) => compare(a.message, b.message),
  };
  const compare = (x, y) => (x < y ? -1 : x > y ? 1 : 0);

  function sort(heading) {
    const rising = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const order = orders[heading.dataset.sort];
    all.sort((a, b) => order(a, b) * (rising ? 1 : -1) || a.rank - b.rank);
    sorted = `, by ${heading.textContent.toLowerCase()}${rising ? "" : ", the other way round"}`;
    filter();
  }

  function turn(button, step) {
    if (button.getAttribute("aria-disabled") === "true") return;
    first += step * PAGE;
    showPage();
    byId("findings-caption").scrollIntoView({ block: "nearest" });
  }

  function clear() {
    for (const control of controls.querySelectorAll("input, select")) control.value = "";
  }

  for (const heading of table.tHead.rows[0].cells) {
    const button = element("button", "", heading.textContent);
    button.type = "button";
    button.addEventListener("click", () => sort(heading));
    heading.replaceChildren(button);
  }
  let waiting;
  controls.addEventListener("input", (event) => {
    clearTimeout(waiting);
    if (event.target.type === "search") waiting = setTimeout(filter, 100);
    else filter();
  });
  byId("filter-clear").addEventListener("click", () => { clear(); filter(); });
  back.addEventListener("click", () => turn(back, -1));
  on.addEventListener("click", () => turn(on, 1));
  for (const shower of document.querySelectorAll("a.show")) {
    shower.addEventListener("click", () => {
      clear();
      for (const [name, value] of Object.entries(shower.dataset)) byId(`filter-${name}`).value = value;
      filter();
    });
  }
  printing.unshift(() => {
    const most = Math.min(kept.length, MOST_PRINTED);
    show(0, most);
    const which = kept.length < all.length ? `findings that match the filter, of ${number(all.length)} in all` : "findings";
    const cut = most < kept.length ? `the first ${number(most)} of ` : "";
    const rest = cut ? ". Filter to print others; gates report BUNDLE --format json prints all." : ".";
    byId("printed").textContent = `Printed: ${cut}${number(kept.length)} ${which}${rest}`;
  });
  printed.push(showPage);
  byId("findings-rest")?.remove();
  controls.hidden = false;
  showPage();
});
