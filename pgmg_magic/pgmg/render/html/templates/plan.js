document.querySelectorAll(".pgmg-plan:not([data-ready])").forEach((root) => {
  root.dataset.ready = "";
  const tools = root.querySelector(".tools");
  if (!tools) return;
  const parts = [...root.querySelectorAll("details.steps")].map((part) => ({
    part, open: part.open,
    rows: [...part.querySelectorAll(".scroll > table > tbody > tr")].map((row) => ({ row, text: row.textContent.toLowerCase() })),
  }));
  const total = parts.reduce((sum, one) => sum + one.rows.length, 0);
  const input = tools.querySelector("input"), output = tools.querySelector("output");
  tools.hidden = false;
  let before = false;
  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean), now = words.length > 0;
    let found = 0;
    for (const one of parts) {
      if (now && !before) one.open = one.part.open;
      let here = 0;
      for (const { row, text } of one.rows) {
        const fits = words.every((word) => text.includes(word));
        row.hidden = !fits;
        here += fits;
      }
      found += here;
      one.part.hidden = !here;
      if (now) one.part.open = here > 0;
      else if (before) one.part.open = one.open;
    }
    before = now;
    output.textContent = now ? `${found} of ${total} steps` : "";
  };
  input.addEventListener("input", filter);
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") {
      input.value = "";
      filter();
    }
  });
  for (const button of tools.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      const open = Boolean(button.dataset.fold);
      for (const part of root.querySelectorAll("details.steps")) part.open = open || parts.length === 1;
      for (const part of root.querySelectorAll("details.sql")) part.open = open;
    });
  }
});
