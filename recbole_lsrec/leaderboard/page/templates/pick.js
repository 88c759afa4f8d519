// One protocol, one metric: two lists above the results. Without a script the page shows them all.
const articles = [...document.querySelectorAll("article.protocol")];
const metricsOf = (article) => [...article.querySelectorAll("table.results th[data-metric]")];
const unique = (values) => [...new Set(values)];
const picked = { protocol: "", metric: "" };

function show() {
  for (const article of articles) {
    article.hidden = picked.protocol !== "" && article.dataset.protocol !== picked.protocol;
    const heads = metricsOf(article);
    const known = heads.some((head) => head.dataset.metric === picked.metric);
    for (const head of heads) {
      const hidden = known && head.dataset.metric !== picked.metric;
      head.hidden = hidden;
      for (const row of head.closest("table").tBodies[0].rows) {
        if (row.cells[head.cellIndex]?.classList.contains("num")) row.cells[head.cellIndex].hidden = hidden;
      }
      if (known && !hidden && head.getAttribute("aria-sort") === null) head.querySelector("button")?.click();
    }
  }
}

function list(name, values) {
  const label = document.createElement("label");
  const select = document.createElement("select");
  select.append(new Option(`every ${name}`, ""), ...values.map((value) => new Option(value, value)));
  select.addEventListener("change", () => { picked[name] = select.value; show(); });
  label.append(`${name} `, select);
  return label;
}

if (articles.length > 0) {
  const bar = document.createElement("p");
  bar.className = "pick";
  bar.append(
    list("protocol", unique(articles.map((article) => article.dataset.protocol))),
    list("metric", unique(articles.flatMap((article) => metricsOf(article).map((head) => head.dataset.metric)))),
  );
  document.querySelector("main").prepend(bar);
}
