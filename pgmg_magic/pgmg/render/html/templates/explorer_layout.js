// A layered layout: data flows from left to right; boxes of one band (a schema, a folder) share a horizontal strip.
//
// arrange(boxes, links) takes boxes {w, h, band} and links {a, b, ay, by}: indices of boxes, and the heights at which a
// link leaves and enters. It returns {at: [{x, y}], paths: [[x, y] …], bands: [{x, y, w, h}], w, h}.
"use strict";
const arrange = (boxes, links) => {
  const GAP = 14, BAND_GAP = 26, BAND_HEAD = 26, MARGIN = 18, MANY_BENDS = 2500;
  const count = boxes.length, real = links.filter((link) => link.a !== link.b);

  // -- columns: every box stands right of all that it depends on; links against the flow close a cycle

  const out = boxes.map(() => []), into = boxes.map(() => []);
  for (const link of real) out[link.a].push(link.b);
  const colour = new Uint8Array(count), against = new Set();
  for (let root = 0; root < count; root += 1) {
    const path = colour[root] ? [] : [[root, 0]];
    if (path.length) colour[root] = 1;
    while (path.length) {
      const top = path[path.length - 1], next = out[top[0]][top[1]];
      top[1] += 1;
      if (next === undefined) {
        colour[top[0]] = 2;
        path.pop();
      } else if (colour[next] === 1) against.add(top[0] * count + next);
      else if (!colour[next]) {
        colour[next] = 1;
        path.push([next, 0]);
      }
    }
  }
  const forward = real.map((link) => (against.has(link.a * count + link.b) ? [link.b, link.a] : [link.a, link.b]));
  const users = boxes.map(() => []);
  for (const [a, b] of forward) {
    users[a].push(b);
    into[b].push(a);
  }
  const column = new Int32Array(count), waiting = into.map((found) => found.length), order = [];
  for (let n = 0; n < count; n += 1) if (!waiting[n]) order.push(n);
  for (let at = 0; at < order.length; at += 1) {
    for (const user of users[order[at]]) {
      column[user] = Math.max(column[user], column[order[at]] + 1);
      waiting[user] -= 1;
      if (!waiting[user]) order.push(user);
    }
  }
  for (const n of order.slice().reverse()) { // short links: what has few inputs moves towards its users
    if (!users[n].length || into[n].length > users[n].length) continue;
    column[n] = Math.max(column[n], Math.min(...users[n].map((user) => column[user])) - 1);
  }
  const alone = boxes.map((box, n) => !users[n].length && !into[n].length);

  // -- a column that is much too high becomes several

  const linked = order.filter((n) => !alone[n]), cap = Math.max(24, Math.ceil(Math.sqrt(linked.length * 1.8)));
  const members = [];
  for (const n of linked) (members[column[n]] = members[column[n]] || []).push(n);
  let columns = 0;
  for (const found of members) {
    const parts = Math.ceil((found || []).length / cap);
    (found || []).forEach((n, at) => { column[n] = columns + Math.floor(at * parts / found.length); });
    columns += Math.max(parts, 1);
  }

  // -- links over several columns get a bend in each, so that boxes make room for them

  const items = boxes.map((box, n) => ({ n, w: box.w, h: box.h, band: box.band, column: column[n], left: [], right: [], y: 0 }));
  const spans = forward.map(([a, b]) => (boxes[a].band === boxes[b].band ? column[b] - column[a] - 1 : 0));
  const bend = spans.reduce((sum, span) => sum + Math.max(span, 0), 0) <= MANY_BENDS;
  const chains = forward.map(([a, b], at) => {
    const link = real[at], turned = a !== link.a;
    const chain = [{ item: items[a], dy: turned ? link.by : link.ay }];
    for (let step = 1; bend && step <= spans[at]; step += 1) {
      const item = { n: -1, w: 0, h: 2, band: boxes[a].band, column: column[a] + step, left: [], right: [], y: 0 };
      items.push(item);
      chain.push({ item, dy: 1 });
    }
    chain.push({ item: items[b], dy: turned ? link.ay : link.by });
    for (let step = 1; step < chain.length; step += 1) {
      const [one, two] = [chain[step - 1], chain[step]];
      one.item.right.push({ other: two.item, from: one.dy, to: two.dy });
      two.item.left.push({ other: one.item, from: two.dy, to: one.dy });
    }
    return chain;
  });

  // -- the order within a band's column, then heights: as near as possible to the neighbours, without overlaps

  const bandNumbers = [...new Set(boxes.map((box) => box.band))].sort((a, b) => a - b);
  const bands = bandNumbers.map((number) => {
    const cells = Array.from({ length: columns }, () => []);
    for (const item of items) if (item.band === number && !(item.n >= 0 && alone[item.n])) cells[item.column].push(item);
    return { number, cells, alone: items.filter((item) => item.n >= 0 && alone[item.n] && item.band === number), top: 0, h: 0 };
  });
  const wanted = (item, sides, across) => {
    let sum = 0, found = 0;
    for (const side of sides) {
      for (const { other, from, to } of item[side]) {
        if (!across && other.band !== item.band) continue;
        sum += other.y + to - from;
        found += 1;
      }
    }
    return found ? sum / found : item.y;
  };
  const stack = (cell) => {
    let y = 0;
    for (const item of cell) {
      item.y = y;
      y += item.h + (item.n < 0 ? 4 : GAP);
    }
  };
  const settle = (cell, sides) => { // least squares with minimal distances: pooling of adjacent violators
    const blocks = [];
    let shift = 0;
    cell.forEach((item, at) => {
      blocks.push({ sum: wanted(item, sides) - shift, size: 1, from: at });
      while (blocks.length > 1) {
        const last = blocks[blocks.length - 1], before = blocks[blocks.length - 2];
        if (before.sum / before.size <= last.sum / last.size) break;
        before.sum += last.sum;
        before.size += last.size;
        blocks.pop();
      }
      item.shift = shift;
      shift += item.h + (item.n < 0 ? 4 : GAP);
    });
    for (const block of blocks) {
      for (let at = block.from; at < block.from + block.size; at += 1) cell[at].y = block.sum / block.size + cell[at].shift;
    }
  };
  for (const band of bands) band.cells.forEach(stack);
  const sweeps = items.length > 1500 ? 6 : 12;
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    const rightwards = sweep % 2 === 0, sides = [rightwards ? "left" : "right"];
    for (const band of bands) {
      for (const cell of rightwards ? band.cells : band.cells.slice().reverse()) {
        for (const item of cell) item.wish = wanted(item, sides, true);
        cell.sort((a, b) => a.wish - b.wish || a.n - b.n);
        settle(cell, sides);
      }
    }
  }
  for (let sweep = 0; sweep < 4; sweep += 1) {
    for (const band of bands) for (const cell of sweep % 2 ? band.cells : band.cells.slice().reverse()) settle(cell, ["left", "right"]);
  }

  // -- coordinates: columns as wide as their widest box, bands below each other

  const widths = new Float64Array(columns), crossing = new Float64Array(columns);
  for (const item of items) if (!(item.n >= 0 && alone[item.n])) widths[item.column] = Math.max(widths[item.column], item.w);
  for (const chain of chains) for (let at = chain[0].item.column; at < chain[chain.length - 1].item.column; at += 1) crossing[at] += 1;
  const lefts = [];
  let x = MARGIN;
  for (let at = 0; at < columns; at += 1) {
    lefts.push(x);
    x += widths[at] + 44 + Math.min(110, 7 * Math.sqrt(crossing[at]));
  }
  let width = Math.max(x - 44, MARGIN);
  const labelled = bands.length > 1 || bandNumbers[0] >= 0;
  let y = 0;
  const strips = [];
  for (const band of bands) {
    const found = band.cells.flat(), low = Math.min(...found.map((item) => item.y), Infinity);
    const head = labelled ? BAND_HEAD : 0;
    band.top = y;
    for (const item of found) item.y += y + head + MARGIN - low;
    let bottom = found.length ? Math.max(...found.map((item) => item.y + item.h)) : y + head + MARGIN - GAP;
    if (band.alone.length) { // boxes without links: a grid below the others
      const across = Math.max(width - 2 * MARGIN, 900);
      let left = MARGIN, top = bottom + GAP, row = 0;
      for (const item of band.alone) {
        if (left + item.w > across && left > MARGIN) {
          left = MARGIN;
          top += row + GAP;
          row = 0;
        }
        Object.assign(item, { x: left, y: top });
        left += item.w + 16;
        row = Math.max(row, item.h);
        width = Math.max(width, left);
      }
      bottom = top + row;
    }
    strips.push({ number: band.number, x: 0, y, w: 0, h: bottom - y + MARGIN });
    y = bottom + MARGIN + BAND_GAP;
  }
  for (const strip of strips) strip.w = width + MARGIN;
  for (const item of items) if (item.x === undefined) item.x = lefts[item.column] + (item.n < 0 ? widths[item.column] / 2 : 0);
  const paths = chains.map((chain, at) => {
    const points = chain.map(({ item, dy }, place) => [item.x + (place === 0 ? item.w : 0), item.y + dy]);
    if (forward[at][0] === real[at].a) return points;
    const [first, last] = [chain[0], chain[chain.length - 1]]; // against the flow: from the right end back to the left one
    return [[last.item.x + last.item.w, last.item.y + last.dy], [first.item.x, first.item.y + first.dy]];
  });
  const drawn = new Map(real.map((link, at) => [link, paths[at]]));
  return {
    at: boxes.map((box, n) => ({ x: items[n].x, y: items[n].y })),
    paths: links.map((link) => drawn.get(link) || []),
    bands: strips, w: width + MARGIN, h: Math.max(y - BAND_GAP, MARGIN),
  };
};
