// Diagrams of tables with their keys, drawn with the layout of the interactive graph.
//
// tableDiagram(tables, links) takes tables {title, href, rows: [{text, type, mark}], accent} and links
// {one, many, oneRow, manyRow, title}: `many` holds a foreign key to `one`. It returns an SVG element.
const tableDiagram = (tables, links) => {
  const ROW = 20, HEAD = 26, LETTER = 6.9, SVG = "http://www.w3.org/2000/svg";
  const element = (name, attributes, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
  const boxes = tables.map(({ title, rows }) => {
    const names = Math.max(0, ...rows.map((row) => Math.min(row.text.length, 28)));
    const types = Math.max(0, ...rows.map((row) => Math.min(row.type.length, 24)));
    return {
      w: Math.max(Math.min(title.length, 40) * 7.4 + 24, (names + types) * LETTER + 62), h: HEAD + rows.length * ROW + 6,
      band: -1, types: 40 + names * LETTER,
    };
  });
  const at = (row) => HEAD + Math.max(row, 0) * ROW + ROW / 2;
  const placed = arrange(boxes, links.map((link) => ({ a: link.one, b: link.many, ay: at(link.oneRow), by: at(link.manyRow) })));
  const picture = element("svg", { viewBox: `0 0 ${Math.ceil(placed.w)} ${Math.ceil(placed.h)}`, width: Math.ceil(placed.w), class: "diagram" });
  placed.paths.forEach((points, n) => {
    const group = element("g", { class: "key-link" });
    group.append(element("title", {}, links[n].title));
    if (points.length < 2) { // a table that refers to itself
      const { x, y } = placed.at[links[n].one], w = boxes[links[n].one].w, from = y + at(links[n].oneRow), to = y + at(links[n].manyRow);
      group.append(element("path", { d: `M${x + w},${from} C${x + w + 40},${from} ${x + w + 40},${to} ${x + w},${to}` }));
    } else {
      let line = `M${points[0]}`;
      for (let step = 1; step < points.length; step += 1) {
        const [[ax, ay], [bx, by]] = [points[step - 1], points[step]], middle = (ax + bx) / 2;
        line += ` C${middle},${ay} ${middle},${by} ${bx},${by}`;
      }
      const [ox, oy] = points[0], [mx, my] = points[points.length - 1], way = points[1][0] >= ox ? 1 : -1;
      line += ` M${ox + 7 * way},${oy - 5} v10 M${mx - 10 * way},${my} L${mx},${my - 5} M${mx - 10 * way},${my} L${mx},${my + 5}`;
      group.append(element("path", { d: line }));
    }
    picture.append(group);
  });
  tables.forEach((table, n) => {
    const { x, y } = placed.at[n], { w, h, types } = boxes[n];
    const box = element("g", { class: table.accent ? "table accent" : "table", transform: `translate(${x},${y})` });
    box.append(element("rect", { width: w, height: h, rx: 7 }), element("path", { d: `M0,${HEAD} h${w}` }));
    const link = element("a", { href: table.href });
    link.append(element("title", {}, table.title), element("text", { x: 12, y: 18, class: "head" }, short(table.title, 40)));
    box.append(link);
    table.rows.forEach((row, number) => {
      const base = HEAD + number * ROW + 15;
      box.append(
        element("text", { x: 10, y: base, class: "mark" }, row.mark), element("text", { x: 32, y: base }, short(row.text, 28)),
        element("text", { x: types, y: base, class: "type" }, short(row.type, 24)),
      );
    });
    picture.append(box);
  });
  return picture;
};
