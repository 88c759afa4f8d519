// Sortable tables: a button in every column head. Without a script the tables stay as they are.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const value = (row, at) => {
    const cell = row.cells[at];
    if (!cell) return null; // a row without results spans the columns, and stays last
    const text = cell.dataset.value ?? cell.textContent.trim();
    return text === "" || isNaN(text) ? text : Number(text);
  };
  // Systems outside the order stay below the others, and those without results last.
  const outside = (row, full) => (row.cells.length < full ? 2 : row.classList.contains("is-rising") ? 1 : 0);
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const downward = head.classList.contains("num") && !head.classList.contains("low"); // the best first
      const first = downward ? "descending" : "ascending";
      const other = first === "descending" ? "ascending" : "descending";
      const order = head.getAttribute("aria-sort") === first ? other : first;
      for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const full = table.tHead.rows[0].cells.length;
      const rows = [...body.rows].sort((a, b) => {
        const apart = outside(a, full) - outside(b, full);
        if (apart) return apart;
        const x = value(a, head.cellIndex), y = value(b, head.cellIndex);
        return sign * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y)));
      });
      body.append(...rows);
    });
  }
}
