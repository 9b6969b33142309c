"use strict";
// Everything stands on the page without this script; it sorts, searches, opens and prints.
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);
  const table = one("table");
  const sections = all("details.column");
  for (const controls of all(".controls")) controls.hidden = false;

  // --- sorting: a button in every head, as the table's own description says it -------------
  const heads = table ? all("thead th", table) : [];
  const value = (row, at) => {
    const cell = row.cells[at];
    if (at === 0) return cell.textContent;
    return "v" in cell.dataset ? Number(cell.dataset.v) : null;
  };
  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);
  const sort = (at, direction) => {
    const sign = direction === "ascending" ? 1 : -1;
    const rows = [...table.tBodies[0].rows].map((row) => [value(row, at), row]);
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null); // what is absent, last
      return sign * compare(a, b);
    });
    table.tBodies[0].append(...rows.map(([, row]) => row));
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[at].setAttribute("aria-sort", direction);
  };
  heads.forEach((head, at) => {
    if (head.classList.contains("picture")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const first = head.dataset.first || "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      sort(at, head.getAttribute("aria-sort") === first ? other : first);
    });
  });

  // --- searching ---------------------------------------------------------------------------
  const rows = table ? [...table.tBodies[0].rows] : [];
  const names = rows.map((row) => row.cells[0].textContent.toLowerCase());
  const search = () => {
    const wanted = one("search").value.trim().toLowerCase();
    const least = Number(one("severity").value);
    let found = 0;
    rows.forEach((row, at) => {
      const fits = names[at].includes(wanted) && Number(row.dataset.rank) >= least;
      row.hidden = sections[at].hidden = !fits;
      found += fits;
    });
    const count = (number) => number.toLocaleString("en-US");
    one("found").textContent = `${count(found)} of ${count(rows.length)} columns`;
  };
  if (table) {
    one("search").addEventListener("input", search);
    one("severity").addEventListener("input", search);
    one("search").form.addEventListener("submit", (event) => event.preventDefault());
    search();
  }

  // --- opening: a closed section waits as a text until it is wanted --------------------------
  const open = (section) => {
    const waiting = section.querySelector(":scope > noscript");
    if (waiting) {
      const filled = document.createElement("template");
      filled.innerHTML = waiting.textContent;
      waiting.replaceWith(filled.content);
    }
    section.open = true;
  };
  addEventListener("toggle", ({ target }) => target.open && open(target), true);
  const show = () => {
    const target = one(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const holder = target.closest("details");
    if (holder) {
      holder.hidden = false;
      open(holder);
    }
    target.scrollIntoView();
    const focus = target.querySelector("summary");
    if (focus) focus.focus({ preventScroll: true });
  };
  addEventListener("hashchange", show);
  show();
  const shown = () => sections.filter((section) => !section.hidden);
  const close = (section) => {
    section.open = false;
  };
  if (one("open")) {
    one("open").addEventListener("click", () => shown().forEach(open));
    one("close").addEventListener("click", () => shown().forEach(close));
  }

  // --- printing: what is folded on a screen is open on paper ---------------------------------
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open]):not([hidden])");
    folded.forEach(open);
  });
  addEventListener("afterprint", () => folded.forEach(close));
})();
