"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);

  // -- the embedding page may set the theme

  const themed = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => rule.media && rule.cssRules[0].selectorText === ":root");
  addEventListener("message", (event) => {
    if (event.source !== parent || parent === window || typeof event.data.dark !== "boolean") return;
    for (const rule of themed) rule.media.mediaText = event.data.dark ? "all" : "not all";
    document.documentElement.style.colorScheme = event.data.dark ? "dark" : "light";
  });

  const canvas = document.getElementById("canvas");
  const svg = canvas.querySelector("svg");
  if (!svg) return;
  const by = (id) => document.getElementById(id);
  const nodes = data.nodes.map((facts, n) => ({
    facts, n, shape: by(`n${n + 1}`), box: null, needs: [], users: [], text: facts.name.toLowerCase(),
  }));
  const edges = data.edges.map((edge, n) => ({ ...edge, shape: by(`e${n + 1}`) }));
  for (const edge of edges) {
    nodes[edge.from].needs.push(edge);
    nodes[edge.to].users.push(edge);
  }

  // -- pan and zoom: the view is a rectangle in drawing units

  const whole = svg.viewBox.baseVal;
  const all = { x: whole.x, y: whole.y, w: whole.width, h: whole.height };
  const view = { ...all };
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  let queued = false;
  const show = () => {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
    });
  };
  const size = () => ({ w: canvas.clientWidth || 1, h: canvas.clientHeight || 1 });
  const scale = () => Math.min(size().w / view.w, size().h / view.h);
  const look = (x, y, pixels) => {
    const now = size();
    view.w = now.w / pixels;
    view.h = now.h / pixels;
    view.x = x - view.w / 2;
    view.y = y - view.h / 2;
    show();
  };
  const middle = () => [view.x + view.w / 2, view.y + view.h / 2];
  const fitting = () => Math.min(size().w / all.w, size().h / all.h) * 0.96;
  const fit = () => look(all.x + all.w / 2, all.y + all.h / 2, Math.min(fitting(), 1.5));
  const zoom = (factor, x, y) => {
    const before = scale();
    const after = Math.min(Math.max(before * factor, Math.min(fitting(), 1) / 2), 8);
    const ratio = before / after;
    view.x = x - (x - view.x) * ratio;
    view.y = y - (y - view.y) * ratio;
    view.w *= ratio;
    view.h *= ratio;
    show();
  };
  const place = (event) => {
    const frame = canvas.getBoundingClientRect();
    const now = scale();
    const [x, y] = middle();
    return [x + (event.clientX - frame.left - frame.width / 2) / now, y + (event.clientY - frame.top - frame.height / 2) / now];
  };
  const centre = (node) => {
    // the node's place on the screen, converted to drawing units
    const frame = node.shape.getBoundingClientRect();
    const point = { clientX: frame.left + frame.width / 2, clientY: frame.top + frame.height / 2 };
    look(...place(point), Math.max(scale(), 0.9));
  };
  const isSeen = (node) => {
    const inner = node.shape.getBoundingClientRect(), outer = canvas.getBoundingClientRect();
    return inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top && inner.bottom <= outer.bottom;
  };
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const step = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    zoom(Math.exp(-step * (event.ctrlKey ? 0.01 : 0.0016)), ...place(event));
  }, { passive: false });
  const fingers = new Map();
  let moved = 0;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    fingers.set(event.pointerId, event);
    moved = 0;
  });
  addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const others = [...fingers.values()].filter((finger) => finger.pointerId !== event.pointerId);
    if (others.length) {
      const apart = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
      zoom(apart(event, others[0]) / apart(last, others[0]), ...place(others[0]));
    } else {
      view.x -= (event.clientX - last.clientX) / scale();
      view.y -= (event.clientY - last.clientY) / scale();
      show();
    }
    moved += Math.abs(event.clientX - last.clientX) + Math.abs(event.clientY - last.clientY);
    canvas.classList.toggle("dragging", moved > 4);
    fingers.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, (event) => {
      fingers.delete(event.pointerId);
      canvas.classList.remove("dragging");
    });
  }
  by("zoom-in").onclick = () => zoom(1.4, ...middle());
  by("zoom-out").onclick = () => zoom(1 / 1.4, ...middle());
  by("zoom-fit").onclick = fit;
  let begun = false;
  addEventListener("resize", () => begun ? look(...middle(), scale()) : begin());

  // -- highlighted and selected nodes

  let chosen = null;
  const light = (lit, lines) => {
    svg.classList.toggle("focused", lit !== null);
    for (const node of nodes) node.shape.classList.toggle("lit", lit !== null && lit.has(node.n));
    for (const edge of edges) edge.shape.classList.toggle("lit", lit !== null && lines.has(edge));
  };
  const reach = (start, side, end) => {
    const lit = new Set(), lines = new Set(), waiting = [start];
    while (waiting.length) {
      const n = waiting.pop();
      if (lit.has(n)) continue;
      lit.add(n);
      for (const edge of nodes[n][side]) {
        lines.add(edge);
        waiting.push(edge[end]);
      }
    }
    return [lit, lines];
  };
  const list = (part, into, found, end) => {
    by(part).hidden = !found.length;
    by(into).replaceChildren(...found.map((edge) => {
      const item = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.textContent = nodes[edge[end]].facts.name;
      button.title = edge.why;
      button.onclick = () => choose(nodes[edge[end]], true);
      item.append(button);
      return item;
    }));
  };
  const choose = (node, bring) => {
    if (chosen) chosen.shape.classList.remove("chosen");
    chosen = node;
    const panel = by("panel"), wasHidden = panel.hidden, [x, y] = middle(), pixels = scale();
    panel.hidden = node === null;
    if (wasHidden !== panel.hidden) look(x, y, pixels);
    if (!node) {
      light(null);
      isolate(false);
      return;
    }
    const { facts } = node;
    node.shape.classList.add("chosen");
    const [below, down] = reach(node.n, "needs", "to"), [above, up] = reach(node.n, "users", "from");
    light(new Set([...below, ...above]), new Set([...down, ...up]));
    by("name").textContent = facts.name;
    by("facts").textContent = [
      facts.kind, facts.change && (facts.why ? `${facts.change}: ${facts.why}` : facts.change),
      facts.managed ? "" : "unmanaged",
    ].filter(Boolean).join(" · ");
    by("place").textContent = facts.place || "";
    by("place").hidden = !facts.place;
    by("sql").textContent = facts.sql || "";
    by("sql-part").hidden = !facts.sql;
    list("needs-part", "needs", node.needs, "to");
    list("users-part", "users", node.users, "from");
    requestAnimationFrame(() => {
      if (svg.classList.contains("alone")) isolate(true);
      else if (bring || !isSeen(node)) centre(node);
    });
  };
  by("close").onclick = () => choose(null);

  // -- show one neighbourhood; the number of hidden nodes is displayed

  const count = document.querySelector(".count"), wholeCount = count.textContent;
  const isolate = (on) => {
    const shown = nodes.filter((node) => node.shape.classList.contains("lit"));
    svg.classList.toggle("alone", on);
    by("only").setAttribute("aria-pressed", String(on));
    count.textContent = on ? `${shown.length} shown, ${nodes.length - shown.length} hidden` : wholeCount;
    if (!on) return;
    const frames = shown.map((node) => node.shape.getBoundingClientRect());
    const [left, top] = place({ clientX: Math.min(...frames.map((f) => f.left)), clientY: Math.min(...frames.map((f) => f.top)) });
    const [right, bottom] = place({ clientX: Math.max(...frames.map((f) => f.right)), clientY: Math.max(...frames.map((f) => f.bottom)) });
    look((left + right) / 2, (top + bottom) / 2, Math.min(size().w / (right - left), size().h / (bottom - top), 1.4) * 0.92);
  };
  by("only").onclick = () => isolate(!svg.classList.contains("alone"));
  canvas.addEventListener("click", (event) => {
    if (moved > 4) return;
    const shape = event.target.closest(".node");
    choose(shape ? nodes[Number(shape.id.slice(1)) - 1] : null);
  });
  for (const node of nodes) {
    node.shape.setAttribute("tabindex", "0");
    node.shape.setAttribute("role", "button");
    node.shape.setAttribute("aria-label", node.facts.name);
    node.shape.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose(node);
    });
  }

  // -- search

  const search = by("search");
  let found = [], at = -1;
  const seek = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = words.length ? nodes.filter((node) => words.every((word) => node.text.includes(word))) : [];
    at = -1;
    if (svg.classList.contains("alone")) isolate(false);
    by("matches").textContent = words.length ? String(found.length) : "";
    light(words.length ? new Set(found.map((node) => node.n)) : null, new Set());
  };
  search.addEventListener("input", seek);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !found.length) return;
    at = (at + (event.shiftKey ? found.length - 1 : 1)) % found.length;
    by("matches").textContent = `${at + 1} of ${found.length}`;
    centre(found[at]);
  });
  addEventListener("keydown", (event) => {
    const typing = document.activeElement === search;
    if (event.key === "Escape") {
      search.value = "";
      seek();
      choose(null);
      search.blur();
    } else if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      if (event.key === "/") {
        event.preventDefault();
        search.focus();
      } else if (event.key === "+" || event.key === "=") zoom(1.4, ...middle());
      else if (event.key === "-") zoom(1 / 1.4, ...middle());
      else if (event.key === "0") fit();
    }
  });

  // a large graph opens at a changed object, at a legible size; a frame outside the viewport has no size yet
  const begin = () => {
    begun = canvas.clientWidth > 0;
    if (!begun) return;
    fit();
    if (fitting() < 0.25) {
      svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
      centre(nodes.find((node) => node.facts.change) || nodes[0]);
    }
  };
  begin();
})();
