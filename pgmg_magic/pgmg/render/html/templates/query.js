document.querySelectorAll(".pgmg-query:not([data-ready])").forEach(async (root) => {
  root.dataset.ready = "";
  const tools = root.querySelector(".tools"), table = root.querySelector("table");
  if (!table) return;
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0], size = body.rows.length;
  const bytes = Uint8Array.from(atob(root.querySelector("script.packed").textContent.trim()), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const { rows, ranks } = JSON.parse(await new Response(stream).text());
  const texts = rows.map((row) => row.join("\n").toLowerCase());
  const right = heads.map((head) => head.classList.contains("right"));
  const compare = new Intl.Collator(undefined, { numeric: true }).compare;
  let order = rows.map((_, n) => n), found = order, page = 0, column = -1, down = false;

  const cell = (value, n) => {
    const made = document.createElement("td"), quoted = value === "" || value === "NULL";
    const text = value === null ? "NULL" : quoted ? `"${value}"` : value;
    made.textContent = text;
    if (value === null) made.classList.add("r-null");
    if (right[n]) made.classList.add("right");
    if (text.length > 40) made.title = text;
    return made;
  };
  const [input, output, buttons] = [tools.querySelector("input"), tools.querySelector("output"), [...tools.querySelectorAll("button")]];
  const draw = () => {
    const pages = Math.max(Math.ceil(found.length / size), 1);
    page = Math.min(Math.max(page, 0), pages - 1);
    const shown = found.slice(page * size, (page + 1) * size);
    body.replaceChildren(...shown.map((n) => {
      const row = document.createElement("tr");
      row.append(...rows[n].map(cell));
      return row;
    }));
    const some = found.length ? `${page * size + 1}–${page * size + shown.length} of ${found.length.toLocaleString("en")}` : "no row";
    output.textContent = `${some}${found.length < rows.length ? ` (${rows.length.toLocaleString("en")} in all)` : ""}`;
    for (const button of buttons) button.disabled = ["first", "before"].includes(button.dataset.to) ? page === 0 : page === pages - 1;
  };
  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = words.length ? order.filter((n) => words.every((word) => texts[n].includes(word))) : order;
    draw();
  };
  const sort = () => {
    order = rows.map((_, n) => n);
    const keys = ranks[column], key = keys ? (n) => keys[n] : right[column] ? (n) => Number(rows[n][column]) : (n) => rows[n][column];
    const both = keys || right[column] ? (a, b) => key(a) - key(b) : (a, b) => compare(key(a), key(b));
    if (column >= 0) {
      order.sort((a, b) => {
        const none = (rows[a][column] === null) - (rows[b][column] === null); // NULL comes last
        return none || (down ? -1 : 1) * (rows[a][column] === null ? 0 : both(a, b));
      });
    }
    heads.forEach((head, n) => head.setAttribute("aria-sort", n !== column ? "none" : down ? "descending" : "ascending"));
    page = 0;
    filter();
  };
  heads.forEach((head, n) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => {
      if (column !== n) [column, down] = [n, false];
      else if (!down) down = true;
      else column = -1;
      sort();
    });
    head.append(button);
  });
  input.addEventListener("input", () => { page = 0; filter(); });
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Escape" || !input.value) return;
    input.value = "";
    filter();
  });
  for (const button of buttons) {
    button.addEventListener("click", () => {
      page = { first: 0, before: page - 1, next: page + 1, last: Infinity }[button.dataset.to];
      draw();
    });
  }
  if (rows.length > size) {
    root.querySelector(".no-script").hidden = true;
    tools.hidden = false;
  }
  draw();
});
