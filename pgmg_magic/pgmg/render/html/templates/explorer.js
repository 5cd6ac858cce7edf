"use strict";
(async () => {
  const by = (id) => document.getElementById(id);

  // -- the embedding page may set the theme

  const themed = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => rule.media && rule.cssRules[0].selectorText === ":root");
  addEventListener("message", (event) => {
    if (event.source !== parent || parent === window || typeof event.data.dark !== "boolean") return;
    for (const rule of themed) rule.media.mediaText = event.data.dark ? "all" : "not all";
    document.documentElement.style.colorScheme = event.data.dark ? "dark" : "light";
  });

  // -- the data

  const canvas = by("canvas");
  const bytes = Uint8Array.from(atob(by("data").textContent.trim()), (char) => char.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const data = JSON.parse(await new Response(unpacked).text());
  if (!data.nodes.length) return;
  const { words } = data;
  const nodes = data.nodes.map(([name, kind, change, why, managed, place, sql], n) => ({
    n, name, kind: words[kind], change: words[change], why: words[why], managed, place, sql, label: data.labels[n],
    text: `${name} ${words[kind]} ${words[change]}`.toLowerCase(), needs: [], users: [],
  }));
  const links = data.links.map(([from, to, why, classes]) => ({ from, to, why: words[why], classes: words[classes] }));
  for (const link of links) {
    nodes[link.to].needs.push(link);
    nodes[link.from].users.push(link);
  }
  const asked = new Set(data.asked);
  const ways = new Map(data.groups.map(([name, labels, of]) => [name, { name, labels, of, members: labels.map((_, g) => nodes.filter((node) => of[node.n] === g)) }]));

  // -- the view: which groups are open, which single nodes of closed groups are shown, whether one part stands alone

  const [firstWay, firstOpen, firstShown] = data.view;
  const state = { way: ways.get(firstWay) || null, open: new Set(firstOpen), shown: new Set(firstShown), only: null };
  const isDrawn = (node) => state.only ? state.only.has(node.n)
    : !state.way || state.shown.has(node.n) || state.open.has(state.way.of[node.n]);

  const classesOf = (node) => [
    `kind-${node.kind.replaceAll(" ", "-")}`, node.change && `change-${node.change}`, node.managed ? "" : "unmanaged",
    asked.has(node.n) && "asked",
  ].filter(Boolean).join(" ");
  const tally = (members) => {
    const found = new Map();
    for (const node of members) if (node.change) found.set(node.change, (found.get(node.change) || 0) + 1);
    return [...found].map(([change, number]) => `${number.toLocaleString("en")} ${change}`).join(", ");
  };
  const plural = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;

  const boxesOfView = () => {
    const boxes = [], place = new Map(); // node -> [box, row]
    const banded = state.way && !state.only && !data.lineage;
    const parts = data.lineage ? new Map() : null;
    for (const node of nodes) {
      if (!isDrawn(node)) continue;
      if (data.lineage) {
        const group = ways.get("relation").of[node.n];
        if (!parts.has(group)) parts.set(group, []);
        parts.get(group).push(node);
        continue;
      }
      const group = banded ? state.way.of[node.n] : -1;
      place.set(node.n, [boxes.length, 0]);
      boxes.push(boxOf({
        id: `n${node.n}`, kind: node.kind, title: node.label, note: node.kind, name: node.name, classes: classesOf(node),
        band: banded && state.open.has(group) ? group : -1,
      }));
    }
    for (const [group, members] of parts || []) {
      const whole = members.find((node) => node.kind !== "column"), columns = members.filter((node) => node !== whole);
      const rows = columns.map((node, row) => {
        place.set(node.n, [boxes.length, row + 1]);
        return { n: node.n, label: node.label, name: node.name, classes: classesOf(node) };
      });
      if (whole) place.set(whole.n, [boxes.length, 0]);
      const title = ways.get("relation").labels[group];
      boxes.push(boxOf({ id: whole ? `n${whole.n}` : `r${group}`, title: whole ? `${title} (${whole.label})` : title, rows, name: title, classes: "", band: -1 }));
    }
    if (state.way && !state.only && !data.lineage) {
      state.way.members.forEach((members, group) => {
        const rest = members.filter((node) => !isDrawn(node));
        if (!rest.length) return;
        const note = [plural(rest.length, rest.length < members.length ? "more object" : "object"), tally(rest)].filter(Boolean).join(" · ");
        for (const node of rest) place.set(node.n, [boxes.length, 0]);
        const change = rest.some((node) => node.change) ? "changed" : "";
        boxes.push(boxOf({ group, title: state.way.labels[group], note, name: `${state.way.labels[group]}: ${note}`, classes: change, band: -1 }));
      });
    }
    const found = new Map();
    const height = ([box, row]) => (boxes[box].rows ? (row ? HEAD + (row - 1) * ROW + (ROW - 3) / 2 : (HEAD - 3) / 2) : boxes[box].h / 2);
    for (const link of links) {
      const from = place.get(link.from), to = place.get(link.to);
      if (!from || !to || (from[0] === to[0] && from[1] === to[1])) continue;
      if (from[0] === to[0] && !boxes[from[0]].rows) continue;
      const single = boxes[from[0]].group === undefined && boxes[to[0]].group === undefined;
      const key = `${from} ${to}`, known = found.get(key);
      if (known) {
        known.size += 1;
        known.links.push(link);
      } else {
        const origin = /origin-(\w+)/.exec(link.classes)[1];
        found.set(key, { a: from[0], b: to[0], ay: height(from), by: height(to), size: 1, links: [link], classes: single ? link.classes : "many", why: link.why, head: single ? origin : "many" });
      }
    }
    for (const link of found.values()) if (link.size > 1) link.why = plural(link.size, "dependency").replace("dependencys", "dependencies");
    return [boxes, [...found.values()], place];
  };

  // -- drawing, and pan and zoom: the frame is a rectangle in drawing units

  let svg = null, drawn = null, boxes = [], shapes = new Map(), lines = [];
  const frame = { x: 0, y: 0, w: 1, h: 1 };
  const size = () => ({ w: canvas.clientWidth || 1, h: canvas.clientHeight || 1 });
  const scale = () => size().w / frame.w;
  let queued = false, resting = 0;
  const move = () => { // while it is moved, the picture is a layer that is not painted again
    svg.style.willChange = "transform";
    clearTimeout(resting);
    resting = setTimeout(() => { svg.style.willChange = ""; }, 160);
    show();
  };
  const show = () => {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      const now = scale();
      svg.style.transform = `translate(${-frame.x * now}px, ${-frame.y * now}px) scale(${now})`;
      svg.classList.toggle("far", now < 0.5);
      svg.classList.toggle("farther", now < 0.22);
      drawMap();
    });
  };
  let refit = null; // what is done again when the window changes its size, until the reader moves the picture
  const look = (x, y, pixels) => {
    refit = null;
    const now = size(), zoomed = Math.min(Math.max(pixels, 0.02), 6);
    Object.assign(frame, { w: now.w / zoomed, h: now.h / zoomed });
    Object.assign(frame, { x: x - frame.w / 2, y: y - frame.h / 2 });
    show();
  };
  const middle = () => [frame.x + frame.w / 2, frame.y + frame.h / 2];
  const fitting = (w, h) => Math.min(size().w / (w + 40), size().h / (h + 40));
  const fit = () => {
    look(drawn.w / 2, drawn.h / 2, Math.min(fitting(drawn.w, drawn.h), 1.25));
    refit = fit;
  };
  const zoom = (factor, x, y) => {
    refit = null;
    const before = frame.w, pixels = Math.min(Math.max(scale() * factor, Math.min(fitting(drawn.w, drawn.h), 1) / 2), 6);
    const ratio = size().w / pixels / before;
    frame.x = x - (x - frame.x) * ratio;
    frame.y = y - (y - frame.y) * ratio;
    frame.w *= ratio;
    frame.h *= ratio;
    show();
  };
  const place = (event) => {
    const box = canvas.getBoundingClientRect(), now = scale();
    return [frame.x + (event.clientX - box.left) / now, frame.y + (event.clientY - box.top) / now];
  };
  const centre = (n) => {
    const at = spot(n);
    if (at) look(...at, Math.max(scale(), 0.8));
  };
  let where = new Map();
  const spot = (n) => {
    const found = where.get(n);
    if (!found) return null;
    const box = boxes[found[0]], at = drawn.at[found[0]];
    return [at.x + box.w / 2, at.y + (box.rows && found[1] ? HEAD + (found[1] - 0.5) * ROW : box.h / 2)];
  };
  const isSeen = (n) => {
    const at = spot(n);
    return at && at[0] > frame.x && at[0] < frame.x + frame.w && at[1] > frame.y && at[1] < frame.y + frame.h;
  };
  let aggregated = [];
  const redraw = () => {
    [boxes, aggregated, where] = boxesOfView();
    drawn = drawView(boxes, aggregated, state.way ? state.way.labels : []);
    canvas.innerHTML = drawn.svg;
    svg = canvas.firstElementChild;
    raised = [];
    shapes = new Map();
    for (const [n, [box, row]] of where) {
      const id = boxes[box].group !== undefined ? `g${boxes[box].group}` : boxes[box].rows && row ? `n${n}` : boxes[box].id;
      shapes.set(n, by(id));
    }
    lines = [...svg.querySelectorAll(".edge")].map((shape) => ({ shape, links: aggregated[Number(shape.dataset.link)].links }));
    const hidden = nodes.filter((node) => !isDrawn(node)).length;
    by("count").textContent = hidden ? `${(nodes.length - hidden).toLocaleString("en")} of ${plural(nodes.length, data.lineage ? "node" : "object")} drawn` : by("count").dataset.size;
    pictureMap();
    light();
    show();
  };

  // -- the minimap

  const map = by("map"), pen = map.getContext("2d");
  let ground = null;
  const mapScale = () => Math.min(map.width / drawn.w, map.height / drawn.h);
  const pictureMap = () => {
    const style = getComputedStyle(document.documentElement), one = mapScale();
    ground = document.createElement("canvas");
    Object.assign(ground, { width: map.width, height: map.height });
    const draw = ground.getContext("2d");
    for (const [at, box] of boxes.entries()) {
      const change = (/change-(\w+)/.exec(box.classes) || [])[1];
      draw.fillStyle = style.getPropertyValue(change ? `--${change}-line` : "--plain-line");
      draw.fillRect(drawn.at[at].x * one, drawn.at[at].y * one, Math.max(box.w * one, 1.5), Math.max(box.h * one, 1.5));
    }
  };
  const drawMap = () => {
    const one = mapScale(), useful = frame.w < drawn.w * 0.8 || frame.h < drawn.h * 0.8;
    map.hidden = !useful;
    if (!useful) return;
    pen.clearRect(0, 0, map.width, map.height);
    pen.drawImage(ground, 0, 0);
    pen.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent");
    pen.lineWidth = 2;
    pen.strokeRect(frame.x * one, frame.y * one, frame.w * one, frame.h * one);
  };
  const follow = (event) => {
    const box = map.getBoundingClientRect(), one = mapScale() * box.width / map.width;
    look((event.clientX - box.left) / one, (event.clientY - box.top) / one, scale());
  };
  map.addEventListener("pointerdown", (event) => {
    map.setPointerCapture(event.pointerId);
    follow(event);
  });
  map.addEventListener("pointermove", (event) => event.buttons && follow(event));

  // -- pointers and wheel

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
      refit = null;
      frame.x -= (event.clientX - last.clientX) / scale();
      frame.y -= (event.clientY - last.clientY) / scale();
      move();
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
  addEventListener("resize", () => refit ? refit() : look(...middle(), scale()));

  // -- groups

  const toggle = (group) => {
    if (state.open.has(group)) state.open.delete(group);
    else state.open.add(group);
    redraw();
    fit();
  };
  by("way").onchange = () => {
    state.way = ways.get(by("way").value) || null;
    state.open = new Set(state.way && nodes.length <= 150 ? state.way.labels.keys() : []);
    state.shown = new Set(chosen ? [chosen.n] : []);
    state.only = null;
    ready();
    redraw();
    fit();
  };
  by("open-all").onclick = () => {
    state.open = new Set(state.way ? state.way.labels.keys() : []);
    redraw();
    fit();
  };
  by("close-all").onclick = () => {
    state.open.clear();
    state.shown = new Set(chosen ? [chosen.n] : []);
    redraw();
    fit();
  };
  const reveal = (found) => {
    const hidden = found.filter((n) => !isDrawn(nodes[n]));
    if (!hidden.length) return false;
    if (state.only) for (const n of hidden) state.only.add(n);
    for (const n of hidden) state.shown.add(n);
    redraw();
    return true;
  };

  // -- highlighted and selected nodes

  let chosen = null, target = null, found = [], raised = [];
  const reach = (start, side, end) => {
    const lit = new Set([start]), along = new Set(), waiting = [start];
    while (waiting.length) {
      for (const link of nodes[waiting.pop()][side]) {
        along.add(link);
        if (lit.has(link[end])) continue;
        lit.add(link[end]);
        waiting.push(link[end]);
      }
    }
    return [lit, along];
  };
  const lineage = (n) => {
    const [below, down] = reach(n, "needs", "from"), [above, up] = reach(n, "users", "to");
    return [new Set([...below, ...above]), new Set([...down, ...up])];
  };
  const between = (a, b) => { // the nodes and links on paths from one to the other, in either direction
    for (const [from, to] of [[a, b], [b, a]]) {
      const [after, out] = reach(from, "users", "to"), [before, into] = reach(to, "needs", "from");
      if (after.has(to)) return [new Set([...after].filter((n) => before.has(n))), new Set([...out].filter((link) => into.has(link)))];
    }
    return [new Set([a, b]), new Set()];
  };
  const lit = () => {
    if (chosen && target) return between(chosen.n, target.n);
    if (chosen) return lineage(chosen.n);
    return found.length || words_().length ? [new Set(found.map((node) => node.n)), new Set()] : [null, null];
  };
  const light = () => {
    const [bright, along] = lit();
    for (const [shape, home] of raised) { // what is lit lies above the rest, which is dimmed as a whole
      shape.classList.remove("lit", "chosen");
      if (home) home.append(shape);
    }
    raised = [];
    svg.classList.toggle("focused", bright !== null);
    if (!bright) return;
    const front = svg.querySelector(".front"), raise = (shape, within) => {
      const whole = shape.closest(within) || shape;
      raised.push([shape, null], ...(whole.parentNode === front ? [] : [[whole, whole.parentNode]]));
      front.append(whole);
      shape.classList.add("lit");
    };
    if (along) for (const line of lines) if (line.links.some((link) => along.has(link))) raise(line.shape, ".edge");
    for (const n of bright) if (shapes.has(n)) raise(shapes.get(n), ".table");
    for (const node of [chosen, target]) if (node && shapes.get(node.n)) shapes.get(node.n).classList.add("chosen");
  };
  const list = (part, into, entries, end) => {
    by(part).hidden = !entries.length;
    by(`${part}-count`).textContent = entries.length;
    by(into).replaceChildren(...entries.map((link) => {
      const item = document.createElement("li"), button = document.createElement("button"), other = nodes[link[end]];
      button.type = "button";
      button.textContent = other.name;
      button.title = link.why;
      button.classList.toggle("hidden-node", !isDrawn(other));
      button.onclick = () => choose(other, true);
      item.append(button);
      return item;
    }));
  };
  const choose = (node, bring) => {
    chosen = node;
    target = null;
    const panel = by("panel"), wasHidden = panel.hidden, [x, y] = middle(), pixels = scale();
    panel.hidden = node === null;
    if (wasHidden !== panel.hidden) look(x, y, pixels);
    if (!node) {
      if (state.only) isolate(false);
      else light();
      return;
    }
    const neighbours = [node.n, ...node.needs.map((link) => link.from), ...node.users.map((link) => link.to)];
    if (isDrawn(node) || !reveal(neighbours.slice(0, 80))) light();
    by("name").textContent = node.name;
    by("facts").textContent = [
      node.kind, node.change && (node.why ? `${node.change}: ${node.why}` : node.change), node.managed ? "" : "unmanaged",
    ].filter(Boolean).join(" · ");
    by("place").textContent = node.place;
    by("place").hidden = !node.place;
    by("sql").textContent = node.sql;
    by("sql-part").hidden = !node.sql;
    list("needs-part", "needs", node.needs, "from");
    list("users-part", "users", node.users, "to");
    by("more").hidden = neighbours.every((n) => isDrawn(nodes[n]));
    requestAnimationFrame(() => {
      if (bring || !isSeen(node.n)) centre(node.n);
    });
  };
  const isolate = (on) => {
    state.only = on ? new Set(lineage(chosen.n)[0]) : null;
    by("only").setAttribute("aria-pressed", String(on));
    redraw();
    fit();
  };
  by("close").onclick = () => choose(null);
  by("only").onclick = () => isolate(!state.only);
  by("more").onclick = () => {
    const node = chosen;
    reveal([...node.needs.map((link) => link.from), ...node.users.map((link) => link.to)]);
    by("more").hidden = true;
    centre(node.n);
  };
  const activate = (shape, event) => {
    if (!shape) choose(null);
    else if (shape.dataset.band !== undefined) toggle(Number(shape.dataset.band));
    else if (shape.classList.contains("group")) toggle(Number(shape.id.slice(1)));
    else if (!shape.id.startsWith("n")) choose(null);
    else if (event.shiftKey && chosen) {
      target = nodes[Number(shape.id.slice(1))];
      light();
    } else choose(nodes[Number(shape.id.slice(1))]);
  };
  canvas.addEventListener("click", (event) => moved > 4 || activate(event.target.closest(".node"), event));
  canvas.addEventListener("keydown", (event) => {
    const shape = event.target.closest(".node");
    if (!shape || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    activate(shape, event);
  });

  // -- search in all names, drawn or not

  const search = by("search"), hits = by("hits"), LISTED = 60;
  let at = -1;
  const words_ = () => search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const take = (node) => {
    hits.hidden = true;
    choose(node, true);
  };
  const seek = () => {
    const typed = words_();
    found = typed.length ? nodes.filter((node) => typed.every((word) => node.text.includes(word))) : [];
    const rank = (node) => (node.label.toLowerCase() === typed.join(" ") ? 0 : node.label.toLowerCase().startsWith(typed[0]) ? 1 : 2);
    found.sort((a, b) => rank(a) - rank(b) || a.n - b.n);
    at = -1;
    by("matches").textContent = typed.length ? found.length.toLocaleString("en") : "";
    hits.hidden = !typed.length;
    hits.replaceChildren(...found.slice(0, LISTED).map((node) => {
      const item = document.createElement("li"), name = document.createElement("span"), note = document.createElement("small");
      item.setAttribute("role", "option");
      name.textContent = node.name;
      note.textContent = [node.kind, node.change, isDrawn(node) ? "" : "not drawn yet"].filter(Boolean).join(" · ");
      item.append(name, note);
      item.onpointerdown = (event) => {
        event.preventDefault();
        take(node);
      };
      return item;
    }));
    if (found.length > LISTED || (typed.length && !found.length)) {
      const rest = document.createElement("li");
      rest.className = "rest";
      rest.textContent = found.length ? `and ${(found.length - LISTED).toLocaleString("en")} more` : "No object has this name.";
      hits.append(rest);
    }
    if (chosen) choose(null);
    else light();
  };
  search.addEventListener("input", seek);
  search.addEventListener("blur", () => { hits.hidden = true; });
  search.addEventListener("focus", () => { hits.hidden = !words_().length; });
  search.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const options = Math.min(found.length, LISTED);
    if (step && options) {
      event.preventDefault();
      at = (at + step + options) % options;
      [...hits.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === at)));
      hits.children[at].scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && found.length) {
      at = hits.hidden || at < 0 ? (at + (event.shiftKey ? found.length - 1 : 1)) % found.length : at;
      by("matches").textContent = `${at + 1} of ${found.length.toLocaleString("en")}`;
      take(found[at]);
    }
  });
  addEventListener("keydown", (event) => {
    const typing = ["INPUT", "SELECT"].includes(document.activeElement.tagName);
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

  // -- begin: a large graph opens at a changed object, at a legible size; a frame outside the viewport has no size yet

  const ready = () => {
    by("way").value = state.way ? state.way.name : "";
    for (const name of ["open-all", "close-all"]) by(name).hidden = !state.way;
  };
  ready();
  redraw();
  const begin = () => {
    const first = nodes.find((node) => node.change && isDrawn(node)) || nodes.find(isDrawn);
    if (fitting(drawn.w, drawn.h) >= 0.3 || !first) fit();
    else look(...spot(first.n), 0.8);
    refit = begin;
  };
  begin();
  document.documentElement.dataset.ready = "";
})();
