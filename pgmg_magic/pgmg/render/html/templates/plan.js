document.querySelectorAll(".pgmg-plan:not([data-ready])").forEach((root) => {
  root.dataset.ready = "";
  const tools = root.querySelector(".tools");
  if (!tools) return;
  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const parts = [...root.querySelectorAll("details.steps")].map((part) => ({
    part, open: part.open,
    batches: [...part.querySelectorAll(".batch")].map((batch) => ({
      batch,
      rows: [...batch.firstElementChild.tBodies[0].rows].map((row) => ({ row, text: row.textContent.toLowerCase() })),
    })),
  }));
  const all = parts.flatMap((one) => one.batches.flatMap(({ rows }) => rows));

  // -- long plans: SQL and differences are compressed, and unfolded on demand

  const packed = root.querySelector("script.packed");
  let steps = null;
  const fill = (details) => {
    const row = details.closest("tr"), more = details.querySelector(".more");
    if (!steps || more.firstChild) return;
    const [sql, lines] = steps[Number(row.cells[0].textContent) - 1];
    if (lines.length) {
      const difference = element("pre", "pgmg-diff");
      difference.append(...lines.map(([kind, line]) => element("span", `d-${kind}`, `${line}\n`)));
      more.append(element("h4", "", "Difference"), difference);
    }
    const text = element("pre", "pgmg-sql", sql);
    text.tabIndex = 0;
    more.append(element("h4", "", "SQL"), text);
  };
  const makeFoldable = (batch) => {
    for (const row of batch.firstElementChild.tBodies[0].rows) {
      const name = row.cells[3], details = element("details", "sql"), summary = element("summary");
      summary.append(...name.childNodes);
      details.append(summary, element("div", "more"));
      details.addEventListener("toggle", () => details.open && fill(details));
      name.append(details);
    }
  };
  const near = new IntersectionObserver((seen) => {
    for (const one of seen) {
      if (!one.isIntersecting) continue;
      near.unobserve(one.target);
      makeFoldable(one.target);
    }
  }, { rootMargin: "600px" });
  const unpack = async () => {
    const bytes = Uint8Array.from(atob(packed.textContent.trim()), (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    steps = JSON.parse(await new Response(stream).text());
    all.forEach((one, n) => { one.text += ` ${steps[n][0].toLowerCase()}`; });
    root.querySelector(".no-script").hidden = true;
    for (const one of parts) one.batches.forEach(({ batch }) => near.observe(batch));
    filter();
  };

  // -- the filter: rows with all words; sections without a hit are hidden

  const input = tools.querySelector("input"), output = tools.querySelector("output");
  let before = false, queued = false;
  const filter = () => {
    queued = false;
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean), now = words.length > 0;
    let found = 0;
    for (const one of parts) {
      if (now && !before) one.open = one.part.open;
      let here = 0;
      for (const { batch, rows } of one.batches) {
        const earlier = here;
        for (const { row, text } of rows) {
          const fits = words.every((word) => text.includes(word));
          if (row.hidden === fits) row.hidden = !fits;
          here += fits;
        }
        const none = here === earlier;
        if (batch.hidden !== none) batch.hidden = none;
      }
      found += here;
      one.part.hidden = !here;
      if (now) one.part.open = here > 0;
      else if (before) one.part.open = one.open;
    }
    before = now;
    output.textContent = now ? `${found} of ${all.length} steps` : "";
  };
  input.addEventListener("input", () => {
    if (!queued) requestAnimationFrame(filter);
    queued = true;
  });
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Escape") return;
    input.value = "";
    filter();
  });
  for (const button of tools.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      const open = Boolean(button.dataset.fold);
      for (const part of root.querySelectorAll("details.steps")) part.open = open || parts.length === 1;
      if (!packed) for (const part of root.querySelectorAll("details.sql")) part.open = open;
    });
  }
  tools.hidden = false;
  if (packed) unpack();
});
