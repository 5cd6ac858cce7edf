(async () => {
  const bytes = Uint8Array.from(atob(document.getElementById("data").textContent.trim()), (char) => char.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const { objects, uses, lineage, tests } = JSON.parse(await new Response(unpacked).text());
  const main = document.getElementById("main"), tree = document.getElementById("tree"), menu = document.getElementById("menu");
  const search = document.getElementById("search"), hits = document.getElementById("hits"), home = document.title;
  const h = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) if (value !== false && value !== undefined) made.setAttribute(key, value);
    made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  };
  const counted = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

  // -- indexes over the data

  objects.forEach((object, n) => {
    Object.assign(object, { n, columns: object.columns || [], keys: object.keys || [], parts: object.parts || [], privileges: object.privileges || [], uses: [], users: [], tests: [] });
    object.text = `${object.name} ${object.kind} ${object.comment || ""} ${object.signature || ""}`.toLowerCase();
  });
  for (const [user, used] of uses) {
    objects[user].uses.push(used);
    objects[used].users.push(user);
  }
  for (const [n, ...named] of tests) Object.assign(objects[n], named.length ? { tests: named } : { isTest: true });
  const byId = new Map(objects.map((object) => [object.id, object]));
  const sources = new Map(), readers = new Map();
  for (const [user, column, source, from, flow] of lineage) {
    const [one, other] = [`${user}/${column}`, `${source}/${from}`];
    if (!sources.has(one)) sources.set(one, []);
    if (!readers.has(other)) readers.set(other, []);
    sources.get(one).push([source, from, flow]);
    readers.get(other).push([user, column, flow]);
  }
  const address = (n, column) => `#${encodeURIComponent(objects[n].id)}${column ? `/${encodeURIComponent(column)}` : ""}`;
  const link = (n, text) => h("a", { href: address(n) }, text || objects[n].name);
  const columnLink = (n, column) => h("a", { href: address(n, column) }, column ? `${objects[n].name}.${column}` : `rows of ${objects[n].name}`);
  const sorted = (numbers) => [...new Set(numbers)].sort((a, b) => a - b);
  const tables = objects.filter((object) => object.kind === "table" && object.columns.length);
  const CONSTRAINTS = { p: "primary key", u: "unique", f: "foreign key", c: "check", x: "exclusion" };

  // -- the list of all objects, by schema and kind

  const opened = new Map();
  const schemas = new Map();
  for (const object of objects) {
    const kinds = schemas.get(object.schema) || schemas.set(object.schema, new Map()).get(object.schema);
    if (!kinds.has(object.kind)) kinds.set(object.kind, []);
    kinds.get(object.kind).push(object);
  }
  const few = objects.length <= 60;
  for (const [schema, kinds] of [...schemas].sort()) {
    const inside = [...kinds].map(([kind, found]) => {
      const list = h("ul", {});
      const part = h("details", { open: few ? "" : undefined }, h("summary", {}, `${kind} `, h("span", { class: "faint" }, String(found.length))), list);
      const fill = () => {
        if (!list.firstChild) list.append(...found.map((object) => h("li", {}, link(object.n))));
      };
      if (few) fill();
      part.addEventListener("toggle", fill);
      found.forEach((object) => opened.set(object.n, { part, fill, list }));
      return part;
    });
    tree.append(h("section", { "aria-label": `Schema ${schema}` }, h("h2", {}, schema), ...inside));
  }
  const mark = (n) => {
    tree.querySelectorAll("[aria-current]").forEach((found) => found.removeAttribute("aria-current"));
    const at = opened.get(n);
    if (!at) return;
    at.part.open = true;
    at.fill();
    const found = [...at.list.querySelectorAll("a")].find((one) => one.getAttribute("href") === address(n));
    found.setAttribute("aria-current", "page");
    if (tree.offsetParent) tree.scrollTop += found.getBoundingClientRect().top - tree.getBoundingClientRect().top - tree.clientHeight / 2;
  };

  // -- parts of pages

  const section = (title, ...children) => h("section", {}, h("h2", {}, title), ...children);
  const table = (heads, rows, label) => h("div", { class: "wide", tabindex: "0", role: "group", "aria-label": label },
    h("table", {}, h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, ...rows)));
  const row = (...cells) => h("tr", {}, ...cells.map((cell) => h("td", {}, ...(Array.isArray(cell) ? cell : [cell]))));
  const links = (numbers) => h("ul", { class: "links" }, ...sorted(numbers).map((n) => h("li", {}, link(n), " ", h("span", { class: "faint" }, objects[n].kind))));
  const among = (numbers, most = 3) => {
    const made = numbers.slice(0, most).flatMap(([n, column], at) => [at ? ", " : "", columnLink(n, column)]);
    return numbers.length > most ? [...made, ` and ${numbers.length - most} more`] : made;
  };
  const values = (map, n, column) => (map.get(`${n}/${column}`) || []).filter(([, , flow]) => !flow);

  const columnMarks = (object) => {
    const found = new Map();
    for (const [kind, , , columns] of object.keys) {
      if (!"pfu".includes(kind) || (kind === "u" && columns.length > 1)) continue;
      for (const column of columns) found.set(column, [...(found.get(column) || []), { p: "PK", f: "FK", u: "U" }[kind]]);
    }
    return found;
  };
  const diagram = (shown, accent, complete) => {
    const place = new Map(shown.map((object, at) => [object.n, at]));
    const referred = new Map(shown.map((object) => [object.n, new Set()]));
    for (const object of shown) for (const [kind, , , , target, columns] of object.keys) if (kind === "f" && referred.has(target)) columns.forEach((one) => referred.get(target).add(one));
    const boxes = shown.map((object) => {
      const marks = columnMarks(object);
      const columns = object.columns.filter(([name]) => complete || marks.has(name) || referred.get(object.n).has(name)).slice(0, 40);
      return { title: object.name, href: address(object.n), accent: object.n === accent, rows: columns.map(([name, type]) => ({ text: name, type, mark: (marks.get(name) || [""])[0] })) };
    });
    const found = shown.flatMap((object) => object.keys
      .filter(([kind, , , , target]) => kind === "f" && place.has(target))
      .map(([, name, definition, columns, target, targets]) => {
        const [one, many] = [place.get(target), place.get(object.n)], index = (box, column) => boxes[box].rows.findIndex((entry) => entry.text === column);
        return { one, many, oneRow: index(one, targets[0]), manyRow: index(many, columns[0]), title: `${name}: ${object.name} ${definition}` };
      }));
    return h("div", { class: "picture", tabindex: "0", role: "group", "aria-label": "Diagram of tables" }, tableDiagram(boxes, found));
  };

  const walk = (map, n, column, seen = new Set(), depth = 0) => {
    const next = (map.get(`${n}/${column}`) || []).filter(([other, name]) => !seen.has(`${other}/${name}`));
    if (!next.length || depth > 40) return "";
    next.forEach(([other, name]) => seen.add(`${other}/${name}`));
    return h("ul", { class: "lineage" }, ...next.map(([other, name, flow]) => h("li", {}, columnLink(other, name), flow ? h("span", { class: "faint" }, ` ${flow}`) : "", walk(map, other, name, seen, depth + 1))));
  };

  // -- pages

  const objectPage = (object, column) => {
    const related = new Set([object.n]);
    if (object.kind === "table") {
      for (const [kind, , , , target] of object.keys) if (kind === "f" && target >= 0) related.add(target);
      for (const other of tables) if (other.keys.some(([kind, , , , target]) => kind === "f" && target === object.n)) related.add(other.n);
    }
    const marks = columnMarks(object), flows = object.columns.some(([name]) => values(sources, object.n, name).length);
    const read = object.columns.some(([name]) => values(readers, object.n, name).length);
    const facts = [["Source", object.place], ["Owner", object.owner], ["Signature", object.signature]].filter(([, value]) => value);
    const heads = ["Column", "Type", "Null", "Default", "Comment", ...(flows ? ["From"] : []), ...(read ? ["Used by"] : [])];
    const columns = object.columns.map(([name, type, required, preset, comment]) => {
      const made = row([h("a", { href: address(object.n, name) }, name), ...(marks.get(name) || []).map((text) => h("span", { class: "mark" }, text))],
        h("code", {}, type), required ? "no" : "yes", h("code", {}, preset), comment,
        ...(flows ? [among(values(sources, object.n, name))] : []), ...(read ? [among(values(readers, object.n, name))] : []));
      if (name === column) made.className = "chosen";
      return made;
    });
    const conditions = sources.get(`${object.n}/`) || [];
    const page = [
      h("p", { class: "kind" }, object.kind, object.unmanaged ? h("span", { class: "badge" }, "unmanaged") : "", object.change ? h("span", { class: `badge change-${object.change}`, title: object.why }, object.change) : ""),
      h("h1", {}, object.name),
      object.comment ? h("p", { class: "comment" }, object.comment) : h("p", { class: "faint" }, "No comment."),
      facts.length ? h("dl", {}, ...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, h("code", {}, value))])) : "",
    ];
    if (column) {
      const up = walk(sources, object.n, column), down = walk(readers, object.n, column);
      page.push(h("section", { class: "chosen", "aria-label": `Lineage of ${column}` }, h("h2", {}, `Lineage of ${column}`),
        h("h3", {}, "Computed from"), up || h("p", { class: "faint" }, object.kind === "table" ? "A column of a table." : "No column."),
        h("h3", {}, "Used by"), down || h("p", { class: "faint" }, "No view uses it.")));
    }
    if (columns.length) page.push(section(counted(columns.length, "column"), table(heads, columns, "Columns")));
    if (conditions.length) page.push(section("Rows depend on", h("p", {}, ...among(conditions, 20))));
    if (related.size > 1) page.push(section("Keys", diagram([...related].map((n) => objects[n]), object.n, related.size < 12)));
    if (object.keys.length) page.push(section("Constraints", table(["Name", "Kind", "Definition"], object.keys.map(([kind, name, definition]) => row(name, CONSTRAINTS[kind], h("code", {}, definition))), "Constraints")));
    if (object.parts.length) page.push(section("Indexes, triggers, policies", table(["Name", "Kind", "Definition"], object.parts.map(([kind, name, definition]) => row(name, kind, h("code", {}, definition))), "Indexes, triggers, policies")));
    page.push(h("div", { class: "two" },
      section(`Depends on (${object.uses.length})`, object.uses.length ? links(object.uses) : h("p", { class: "faint" }, "Nothing.")),
      section(`Used by (${object.users.length})`, object.users.length ? links(object.users) : h("p", { class: "faint" }, "Nothing."))));
    if (object.tests.length) page.push(section("Tests that name it", links(object.tests)));
    if (object.privileges.length) page.push(section("Privileges", table(["Role", "Privileges", "Column"], object.privileges.map((found) => row(...found)), "Privileges")));
    if (object.sql) {
      const code = h("pre", { tabindex: "0", "aria-label": "SQL" });
      code.innerHTML = object.sql; // escaped and highlighted by pgmg
      page.push(section("SQL", code));
    }
    return [object.name, page];
  };

  const NAMED = ["table", "view", "materialized view", "function", "procedure", "aggregate", "type", "domain"];
  const coverage = () => {
    const found = new Map();
    for (const object of objects) {
      if (!NAMED.includes(object.kind)) continue;
      const at = found.get(object.schema) || found.set(object.schema, { objects: 0, said: 0, columns: 0, told: 0, silent: [], tested: 0, untested: [], stored: 0, bound: 0 }).get(object.schema);
      if (object.isTest) continue;
      at.objects += 1;
      at.tested += object.tests.length > 0;
      if (!object.tests.length) at.untested.push(object);
      if (object.kind === "table") {
        const bound = new Set(object.keys.flatMap(([, , , names]) => names));
        at.stored += object.columns.length;
        at.bound += object.columns.filter(([name, , required]) => required || bound.has(name)).length;
      }
      at.said += Boolean(object.comment);
      at.columns += object.columns.length;
      at.told += object.columns.filter(([, , , , comment]) => comment).length;
      if (!object.comment || object.columns.some(([, , , , comment]) => !comment)) at.silent.push(object);
    }
    return [...found].sort();
  };
  const share = (part, whole) => h("span", { class: "share" }, h("progress", { max: String(whole || 1), value: String(whole ? part : 1), "aria-label": "share" }), ` ${part.toLocaleString("en")} of ${whole.toLocaleString("en")}`);
  const coveragePage = () => {
    const found = coverage(), written = objects.filter((object) => object.isTest);
    const rows = found.map(([schema, at]) => row(schema, share(at.said, at.objects), share(at.told, at.columns)));
    const checked = found.map(([schema, at]) => row(schema, written.length ? share(at.tested, at.objects) : "no tests", at.stored ? share(at.bound, at.stored) : ""));
    return ["Coverage", [h("h1", {}, "Coverage"),
      section("Comments", h("p", {}, "How many objects and columns have a comment, which this site shows as their description."),
        table(["Schema", "Objects", "Columns"], rows, "Coverage of comments"),
        ...found.filter(([, at]) => at.silent.length).map(([schema, at]) => h("details", {}, h("summary", {}, `Without a comment, or with such columns: ${schema} (${at.silent.length})`), links(at.silent.map((object) => object.n))))),
      section("Tests and constraints",
        h("p", {}, "A test is a function whose name begins with ", h("code", {}, "test"), " and that returns ", h("code", {}, "SETOF text"), ", as pgTAP's ", h("code", {}, "runtests()"), " runs them. Counted are objects that a test names, whatever it checks of them, and columns of tables that are NOT NULL or part of a constraint."),
        table(["Schema", "Objects that a test names", "Columns with a constraint"], checked, "Coverage of tests and constraints"),
        written.length ? h("details", {}, h("summary", {}, `Tests (${written.length})`), links(written.map((object) => object.n))) : "",
        ...(written.length ? found.filter(([, at]) => at.untested.length).map(([schema, at]) => h("details", {}, h("summary", {}, `Without a test: ${schema} (${at.untested.length})`), links(at.untested.map((object) => object.n)))) : []))]];
  };

  const tablesPage = (schema) => {
    const all = [...new Set(tables.map((object) => object.schema))].sort();
    const shown = tables.filter((object) => !schema || object.schema === schema);
    const some = shown.filter((object) => object.keys.some(([kind]) => kind === "f") || tables.some((other) => other.keys.some(([kind, , , , target]) => kind === "f" && target === object.n)));
    const drawn = some.length > 150 ? [] : some, alone = shown.filter((object) => !drawn.includes(object));
    return ["Tables", [h("h1", {}, schema ? `Tables of ${schema}` : "Tables"),
      all.length > 1 ? h("p", { class: "choices" }, h("a", { href: "#~tables" }, "all schemas"), ...all.map((one) => h("a", { href: `#~tables/${encodeURIComponent(one)}` }, one))) : "",
      drawn.length ? diagram(drawn, -1, drawn.length <= 12) : h("p", { class: "faint" }, some.length ? `${some.length} tables are too many for one diagram: choose a schema, or a table.` : "No foreign keys."),
      alone.length ? section(drawn.length ? "Without foreign keys" : counted(alone.length, "table"), links(alone.map((object) => object.n))) : ""]];
  };

  const homePage = () => {
    const kinds = new Map();
    for (const object of objects) kinds.set(object.kind, (kinds.get(object.kind) || 0) + 1);
    const changed = objects.filter((object) => object.change || object.kind === "migration");
    const read = [...objects].sort((a, b) => b.users.length - a.users.length).filter((object) => object.users.length > 1).slice(0, 10);
    const [said, named, all] = coverage().reduce(([a, b, c], [, at]) => [a + at.said, b + at.tested, c + at.objects], [0, 0, 0]);
    return ["", [h("h1", {}, home),
      h("ul", { class: "numbers" }, ...[...kinds].map(([kind, number]) => h("li", {}, h("strong", {}, number.toLocaleString("en")), h("span", {}, kind + (number === 1 ? "" : kind.endsWith("s") ? "" : kind.endsWith("y") ? "" : "s"))))),
      h("p", {}, h("a", { href: "#~coverage" }, "Comments"), ": ", share(said, all)),
      objects.some((object) => object.isTest) ? h("p", {}, h("a", { href: "#~coverage" }, "Tests"), ": ", share(named, all)) : "",
      changed.length ? section("Not applied yet", h("ul", { class: "links" }, ...changed.map((object) => h("li", {}, link(object.n), " ", h("span", { class: "faint" }, object.kind === "migration" ? "pending" : object.change))))) : "",
      read.length ? section("Most used", h("ul", { class: "links" }, ...read.map((object) => h("li", {}, link(object.n), " ", h("span", { class: "faint" }, `used by ${object.users.length}`))))) : "",
      section("Schemas", h("ul", { class: "links" }, ...[...schemas].sort().map(([schema, found]) => h("li", {}, schema, " ", h("span", { class: "faint" }, counted([...found.values()].reduce((sum, list) => sum + list.length, 0), "object"))))))]];
  };

  const show = (moved = true) => {
    const [first, ...rest] = location.hash.slice(1).split("/").map((part) => {
      try { return decodeURIComponent(part); } catch { return part; }
    });
    const object = byId.get(first);
    let found;
    if (object) found = objectPage(object, object.columns.some(([name]) => name === rest[0]) ? rest[0] : "");
    else if (first === "~coverage") found = coveragePage();
    else if (first === "~tables") found = tablesPage(rest[0]);
    else if (!first) found = homePage();
    else found = ["Not found", [h("h1", {}, "Not found"), h("p", {}, `There is no ${first} in this project. The page may be older than the link.`)]];
    const [title, page] = found;
    document.title = title ? `${title} · ${home}` : home;
    main.replaceChildren(...page.filter((part) => part !== ""));
    mark(object ? object.n : -1);
    hits.hidden = true;
    tree.classList.remove("open");
    menu.setAttribute("aria-expanded", "false");
    if (!moved) return;
    main.focus({ preventScroll: true });
    main.scrollTop = 0;
    window.scrollTo(0, 0);
  };

  // -- search: every word must be found; names first, then columns, then comments

  const find = (text) => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean), found = [];
    if (!words.length) return found;
    for (const object of objects) {
      const name = object.name.toLowerCase();
      if (words.every((word) => object.text.includes(word))) {
        found.push([name === words[0] ? 0 : name.startsWith(words[0]) ? 1 : name.includes(words[0]) ? 2 : 4, object, null]);
      }
      for (const column of object.columns) {
        const whole = `${name}.${column[0]} ${column[4] || ""}`.toLowerCase(), own = column[0].toLowerCase();
        if (words.every((word) => whole.includes(word)) && words.some((word) => own.includes(word) || (column[4] || "").toLowerCase().includes(word))) {
          found.push([own === words[0] ? 2.5 : own.includes(words[0]) ? 3 : 5, object, column]);
        }
      }
    }
    return found.sort((a, b) => a[0] - b[0] || a[1].n - b[1].n);
  };
  search.addEventListener("input", () => {
    const found = find(search.value), most = 40;
    hits.hidden = !search.value.trim();
    hits.replaceChildren(h("p", { class: "faint", role: "status" }, found.length ? `${counted(found.length, "hit")}${found.length > most ? `; the first ${most}` : ""}` : "Nothing found."),
      ...found.slice(0, most).map(([, object, column]) => h("a", { href: address(object.n, column && column[0]) },
        h("strong", {}, column ? `${object.name}.${column[0]}` : object.name), " ", h("span", { class: "faint" }, column ? column[1] : object.kind), h("span", { class: "about" }, (column ? column[4] : object.comment) || ""))));
  });
  search.addEventListener("keydown", (event) => {
    const first = hits.querySelector("a");
    if (event.key === "Enter" && first) first.click();
    if (event.key === "ArrowDown" && first) {
      event.preventDefault();
      first.focus();
    }
  });
  hits.addEventListener("click", () => { hits.hidden = true; });
  hits.addEventListener("keydown", (event) => {
    const next = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (!next) return;
    event.preventDefault();
    const other = document.activeElement[next];
    (other && other.matches("a") ? other : search).focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hits.hidden = true;
    if (event.key !== "/" || event.target.matches("input")) return;
    event.preventDefault();
    search.focus();
  });
  document.addEventListener("click", (event) => { if (!event.target.closest(".search")) hits.hidden = true; });
  menu.addEventListener("click", () => menu.setAttribute("aria-expanded", String(tree.classList.toggle("open"))));
  document.getElementById("skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  window.addEventListener("hashchange", () => show());
  show(false);
})();
