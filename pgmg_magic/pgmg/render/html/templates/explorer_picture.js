// The picture of a view as SVG text: boxes of visible nodes and closed groups, bands of open groups, links.
"use strict";
const escaped = (text) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
const HEAD = 24, ROW = 21, LETTER = 6.9, SMALL = 5.2;

const shapeOf = (kind, w, h) => {
  const box = (r) => `<rect width="${w}" height="${h}" rx="${r}"/>`;
  switch (kind) {
    case "view": return box(7);
    case "materialized view": return `<rect x="4" y="4" width="${w}" height="${h}" rx="3"/>${box(3)}`;
    case "table": case "sequence":
      return `<path d="M0 3.5a${w / 2} 3.5 0 0 1 ${w} 0v${h - 7}a${w / 2} 3.5 0 0 1 ${-w} 0z"/><path class="line" d="M0 3.5a${w / 2} 3.5 0 0 0 ${w} 0"/>`;
    case "function": case "procedure": case "aggregate": case "language": return box(h / 2);
    case "type": case "domain": case "collation":
      return `<path d="M0 0h${w - 10}l10 10v${h - 10}h${-w}z"/><path class="line" d="M${w - 10} 0v10h10"/>`;
    case "trigger": case "event trigger": case "rule": return `<path d="M8 0h${w - 8}l-8 ${h}h${8 - w}z"/>`;
    case "migration": return `<path d="M0 0h${Math.min(34, w / 2)}l5 5h${w - Math.min(34, w / 2) - 5}v${h - 5}h${-w}z"/>`;
    case "policy": case "grant": case "owner": case "role": return `<path d="M8 0h${w - 16}l8 8v${h - 16}l-8 8h${16 - w}l-8 -8v${16 - h}z"/>`;
    default: return box(2);
  }
};

// one drawn thing: a node, a closed group, or a relation with rows; `ends` are the heights at which links end
const boxOf = (item) => {
  const title = item.title.length > 44 ? `${item.title.slice(0, 43)}…` : item.title;
  const rows = item.rows || [];
  const widest = Math.max(title.length * LETTER, (item.note || "").length * SMALL, ...rows.map((row) => row.label.length * LETTER + 8));
  const w = Math.round(Math.max(56, widest + 26));
  return { ...item, title, w, h: item.rows ? HEAD + rows.length * ROW + 4 : 36 };
};

const drawBox = (box, { x, y }) => {
  const where = `transform="translate(${x.toFixed(1)} ${y.toFixed(1)})" tabindex="0" role="button" aria-label="${escaped(box.name)}"`;
  const middle = (box.w / 2).toFixed(1);
  if (box.rows) {
    const rows = box.rows.map((row, at) =>
      `<g id="n${row.n}" class="node row ${row.classes}" transform="translate(3 ${HEAD + at * ROW})" tabindex="0" role="button" aria-label="${escaped(row.name)}">` +
      `<rect width="${box.w - 6}" height="${ROW - 3}" rx="3"/><text x="8" y="13.5">${escaped(row.label)}</text></g>`).join("");
    return `<g class="table" transform="translate(${x.toFixed(1)} ${y.toFixed(1)})"><rect class="frame" width="${box.w}" height="${box.h}" rx="6"/>` +
      `<g id="${box.id}" class="node head ${box.classes}" tabindex="0" role="button" aria-label="${escaped(box.name)}"><rect width="${box.w}" height="${HEAD - 3}" rx="5"/>` +
      `<text x="8" y="15">${escaped(box.title)}</text></g>${rows}</g>`;
  }
  if (box.group !== undefined) {
    return `<g id="g${box.group}" class="node group ${box.classes}" ${where}><rect x="5" y="5" width="${box.w}" height="${box.h}" rx="7"/><rect width="${box.w}" height="${box.h}" rx="7"/>` +
      `<text x="${middle}" y="16" text-anchor="middle">${escaped(box.title)}</text><text class="kind" x="${middle}" y="29" text-anchor="middle">${escaped(box.note)}</text></g>`;
  }
  const down = { table: 2, sequence: 2, migration: 2 }[box.kind] || 0; // below the upper edge's line
  return `<g id="${box.id}" class="node ${box.classes}" ${where}>${shapeOf(box.kind, box.w, box.h)}` +
    `<text x="${middle}" y="${17 + down}" text-anchor="middle">${escaped(box.title)}</text><text class="kind" x="${middle}" y="${29 + down / 2}" text-anchor="middle">${escaped(box.note)}</text></g>`;
};

const drawLink = (link, points) => {
  if (points.length < 2) return "";
  let path = `M${points[0][0].toFixed(1)} ${points[0][1].toFixed(1)}`;
  for (let at = 1; at < points.length; at += 1) {
    const [[x, y], [u, v]] = [points[at - 1], points[at]];
    const reach = u > x ? (u - x) / 2 : 60;
    path += `C${(x + reach).toFixed(1)} ${y.toFixed(1)} ${(u - reach).toFixed(1)} ${v.toFixed(1)} ${u.toFixed(1)} ${v.toFixed(1)}`;
  }
  const width = link.size > 1 ? ` style="stroke-width:${(1 + Math.log2(link.size) / 2).toFixed(1)}"` : "";
  return `<g class="edge ${link.classes}" data-link="${link.at}"><title>${escaped(link.why)}</title><path d="${path}"${width} marker-end="url(#arrow${link.head})"/></g>`;
};

const drawView = (boxes, links, bandLabels) => {
  const placed = arrange(boxes, links);
  const bands = placed.bands.filter((band) => band.number >= 0).map((band) =>
    `<g class="band" id="b${band.number}"><rect x="${band.x}" y="${band.y.toFixed(1)}" width="${band.w.toFixed(1)}" height="${band.h.toFixed(1)}" rx="10"/>` +
    `<g class="node fold" tabindex="0" role="button" aria-label="Close ${escaped(bandLabels[band.number])}" data-band="${band.number}">` +
    `<rect x="${band.x + 8}" y="${(band.y + 7).toFixed(1)}" width="18" height="18" rx="4"/><text x="${band.x + 17}" y="${(band.y + 20).toFixed(1)}" text-anchor="middle">−</text></g>` +
    `<text class="label" x="${band.x + 34}" y="${(band.y + 20.5).toFixed(1)}">${escaped(bandLabels[band.number])}</text></g>`);
  const head = (name) => `<marker id="arrow${name}" class="${name}" viewBox="0 0 8 8" refX="7.4" refY="4" markerWidth="${name === "many" ? 10 : 7}" markerHeight="${name === "many" ? 10 : 7}" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.8L7.6 4L0 7.2z"/></marker>`;
  const size = `width="${placed.w.toFixed(0)}" height="${placed.h.toFixed(0)}"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="group" aria-label="Graph">` +
    `<defs>${["source", "catalog", "error", "many"].map(head).join("")}</defs>${bands.join("")}` +
    `<g class="back"><g class="edges">${links.map((link, at) => drawLink({ ...link, at }, placed.paths[at])).join("")}</g>` +
    `<g class="nodes">${boxes.map((box, at) => drawBox(box, placed.at[at])).join("")}</g></g><g class="front"></g></svg>`;
  return { ...placed, svg };
};
