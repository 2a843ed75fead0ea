// The big screen: asks for the snapshot every second (a phone: every two) and draws it. Names reach the page as text only.
(() => {
  "use strict";
  const POLL_MS = 1000, PHONE_MS = 2000, PAGE_MS = 8000, FLASH_MS = 12000, PINNED = 3, PAGE_ROWS = 8, MAX_WAIT_MS = 30000, SEEK_MS = 300, FEWEST = 2;
  const options = new URLSearchParams(location.search);
  const places = Math.min(500, Math.max(3, Number.parseInt(options.get("places") || "59", 10) || 59));
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const phone = matchMedia("(max-width: 700px)");
  if (options.get("theme") === "light") document.documentElement.dataset.theme = "light";
  const at = (id) => document.getElementById(id);
  const main = at("main");
  let data = null, etag = "", page = 0, next = null, failing = null, failures = 0, refused = "";
  const known = new Map();      // racer -> best score in milliseconds, to see what is new
  const glowing = new Map();    // racer -> until when their row glows
  let ahead = 0;                // this computer's clock less the device's, in milliseconds
  let listed = null, lit = 0;   // what a phone shows: a long list is drawn anew only when it changes

  let looked = "";              // what somebody on a phone looks for
  const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
  at("find").addEventListener("submit", (sent) => sent.preventDefault());
  at("who").addEventListener("input", () => {
    looked = folded(at("who").value);
    listed = null;
    draw();
    clearTimeout(seeking);
    seeking = setTimeout(seek, SEEK_MS);
  });

  // Beyond the places that are sent to everybody, the server looks.
  let found = null, seeking = 0;
  const reaches = () => !data || data.scene !== "board" || data.rows.length >= data.total;
  async function seek() {
    const name = looked;
    if (!phone.matches || name.length < FEWEST || reaches()) return;
    try {
      const answer = await fetch(`${location.pathname}/find.json?name=${encodeURIComponent(name)}`, {
        cache: "no-store", signal: AbortSignal.timeout(8000),
      });
      if (!answer.ok || name !== looked) return;
      found = { name, ...(await answer.json()) };
      listed = null;
      draw();
    } catch { /* the next news of the board asks again */ }
  }

  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const clock = (date) => date.toLocaleTimeString("en-GB");

  // ------------------------------------------------------------------------------------------------ asking
  async function ask() {
    try {
      const answer = await fetch(location.pathname + ".json", {
        headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store", signal: AbortSignal.timeout(8000),
      });
      const theirs = Date.parse(answer.headers.get("Date") || "");
      if (!Number.isNaN(theirs)) ahead = theirs - Date.now();
      if (answer.status === 403 || answer.status === 404) {
        refused = (await answer.json()).refused || "This link shows nothing any more.";
      } else if (answer.status === 304) {
        refused = "";
      } else if (answer.ok) {
        const fresh = await answer.json();
        etag = answer.headers.get("ETag") || "";
        refused = "";
        notice(fresh);
        data = fresh;
        seek();
      } else {
        throw new Error(String(answer.status));
      }
      failing = null;
      failures = 0;
    } catch {
      failing = failing || new Date();
      failures += 1;
    }
    draw();
    const wait = refused ? MAX_WAIT_MS : Math.min(MAX_WAIT_MS, (phone.matches ? PHONE_MS : POLL_MS) * 2 ** Math.min(failures, 3));
    setTimeout(ask, wait);
  }

  // A newcomer or a new best glows, and its page is shown next.
  function notice(fresh) {
    const first = known.size === 0 && data === null;
    (fresh.rows || []).forEach((row, index) => {
      const before = known.get(row.i);
      if (!first && (before === undefined || row.ms < before)) {
        glowing.set(row.i, Date.now() + FLASH_MS);
        if (next === null && index >= PINNED && index < places) next = Math.floor((index - PINNED) / PAGE_ROWS);
      }
      known.set(row.i, row.ms);
    });
  }

  // ----------------------------------------------------------------------------------------------- drawing
  function draw() {
    if (refused) {
      data = null;
      listed = null;
      etag = "";
      main.replaceChildren(make("p", "wait", refused));
      for (const id of ["paging", "asof", "state"]) at(id).textContent = "";
      return;
    }
    status();
    if (!data) return;
    at("title").textContent = data.race || data.event;
    at("event").textContent = data.race ? data.event : "";
    const scenes = { board: drawBoard, progress: drawProgress, countdown: drawCountdown, usage: drawTotals, slots: drawTotals,
      join: drawJoin, sponsors: drawSponsors, text: drawText };
    at("find").hidden = data.scene !== "board";
    const corner = document.querySelector(".code");
    if (corner) corner.hidden = data.scene === "join" || data.scene === "sponsors"; // one code to point at, or none
    scenes[data.scene]();
  }

  function status() {
    const state = at("state");
    let words = "";
    if (failing) words = `⚠ offline since ${clock(failing)}`;
    else if (data && data.stale) words = "⚠ no new data for more than 2 min";
    else if (data && data.held) words = `❄ ${data.held}`;
    else if (data) words = data.status === "closed" ? "■ final" : "● live";
    state.textContent = words;
    state.classList.toggle("bad", Boolean(failing || (data && data.stale)));
    if (!data) return;
    const asOf = data.as_of ? `as of ${data.as_of} ${data.zone}` : data.scene === "countdown" ? data.zone : "";
    at("asof").textContent = [asOf, data.source].filter(Boolean).join(" · ");
  }

  const pages = () => Math.max(1, Math.ceil((Math.min(data.rows.length, places) - PINNED) / PAGE_ROWS));

  function drawBoard() {
    at("subtitle").textContent = `${data.window} · ${data.tie_rule}`;
    if (data.rows.length === 0) {
      main.replaceChildren(make("p", "wait", "No results yet. The first submission appears here by itself."));
      at("paging").textContent = "";
      return;
    }
    if (page >= pages()) page = 0;
    const start = PINNED + page * PAGE_ROWS;
    const first = data.rows.slice(0, places);
    const more = found && found.name === looked && !reaches() ? found : { rows: [], total: 0 };
    const mine = looked ? [...data.rows.filter((row) => folded(row.a).includes(looked)), ...more.rows] : data.rows;
    const shown = phone.matches ? mine : [...first.slice(0, PINNED), ...first.slice(start, start + PAGE_ROWS)];
    const glow = [...glowing.values()].filter((until) => until > Date.now()).length;
    if (phone.matches && listed === data && lit === glow) return;
    [listed, lit] = [phone.matches ? data : null, glow];
    const before = positions();
    const table = make("div", "board");
    table.setAttribute("role", "table");
    table.setAttribute("aria-label", "Leaderboard");
    table.append(line("row head", ["Pos", "1 h", "Racer", data.counts, "Gap"], "columnheader"));
    shown.forEach((row, index) => table.append(racer(row, phone.matches && looked ? PINNED : index)));
    main.replaceChildren(table);
    slide(before);
    if (phone.matches && looked && !mine.length) {
      const asked = reaches() || (found && found.name === looked);
      main.replaceChildren(make("p", "wait", asked ? "Nobody of that name is on the board yet."
        : looked.length < FEWEST ? "Type two letters or more." : "Looking …"));
    }
    const most = data.rows.length < data.total ? `the first ${data.rows.length.toLocaleString("en")} of ` : "";
    at("paging").textContent = phone.matches
      ? `${looked ? `${(mine.length + more.total - more.rows.length).toLocaleString("en")} of ` : most}${data.total.toLocaleString("en")} racers`
      : shown.length > PINNED
        ? `places ${shown[PINNED].p}–${shown[shown.length - 1].p} of ${data.total.toLocaleString("en")}`
        : `${data.total.toLocaleString("en")} racers`;
  }

  function line(name, texts, role) {
    const row = make("div", name);
    row.setAttribute("role", "row");
    ["place", "change", "alias", "best", "gap"].forEach((kind, index) => {
      const cell = make("span", kind, texts[index]);
      cell.setAttribute("role", role);
      row.append(cell);
    });
    return row;
  }

  function racer(row, index) {
    const pinned = index < PINNED ? ` pinned ${["first", "second", "third"][index]}` : "";
    const glow = (glowing.get(row.i) || 0) > Date.now() ? " flash" : "";
    const [sign, kind] = row.c === null ? ["★ new", "new"]
      : row.c > 0 ? [`▲ ${row.c}`, "up"] : row.c < 0 ? [`▼ ${-row.c}`, "down"] : ["=", "same"];
    const element = line(`row${pinned}${glow}`, [row.p, sign, row.a, row.s, row.g || "leader"], "cell");
    element.children[1].classList.add(kind);
    element.dataset.key = row.i;
    return element;
  }

  // A row that moved slides from where it was.
  function positions() {
    const found = new Map();
    for (const row of main.querySelectorAll(".row[data-key]")) found.set(row.dataset.key, row.offsetTop);
    return found;
  }

  function slide(before) {
    if (calm || phone.matches) return;
    for (const row of main.querySelectorAll(".row[data-key]")) {
      const was = before.get(row.dataset.key);
      if (was === undefined || was === row.offsetTop) continue;
      row.animate([{ transform: `translateY(${was - row.offsetTop}px)` }, { transform: "none" }],
        { duration: 700, easing: "ease-in-out" });
    }
  }

  // Days, hours, minutes, seconds of event time.
  function left() {
    const { at: there, speed, left_s: stands } = data.countdown;
    if (there === undefined) return stands;
    return Math.max(0, Math.round((there - (Date.now() + ahead) / 1000) * speed));
  }

  function drawCountdown() {
    const seconds = left(), two = (value) => String(value).padStart(2, "0");
    const days = Math.floor(seconds / 86400);
    const clockwise = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map((part) => two(Math.floor(part))).join(":");
    const words = seconds ? `${days ? `${days} d ` : ""}${clockwise}` : data.status === "closed" ? "Closed" : "00:00:00";
    at("subtitle").textContent = data.countdown.words;
    at("paging").textContent = "";
    const before = main.querySelector(".count");
    if (before) { before.textContent = words; return; }
    const count = make("p", "count", words);
    count.setAttribute("role", "timer");
    main.replaceChildren(count);
  }

  function drawText() {
    at("subtitle").textContent = "";
    at("paging").textContent = "";
    main.replaceChildren(make("p", "said", data.text));
  }

  // Where to register: a code as large as the screen allows, and the address for whoever types.
  function drawJoin() {
    at("subtitle").textContent = data.join ? "Register with your phone" : "";
    at("paging").textContent = "";
    if (!data.join) { main.replaceChildren(make("p", "said", "Registration is closed.")); return; }
    const box = make("div", "join");
    if (data.code.length) {
      const size = data.code.length + 8;
      const drawing = svg("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": "Code of the address" });
      let path = "";
      data.code.forEach((row, y) => [...row].forEach((dark, x) => { if (dark === "1") path += `M${x + 4} ${y + 4}h1v1h-1z`; }));
      drawing.append(svg("rect", { width: size, height: size, fill: "#fff" }), svg("path", { d: path, fill: "#000" }));
      box.append(drawing);
    }
    box.append(make("p", "address", data.join));
    if (!data.code.length) box.append(make("p", "soft", "This address opens on this computer only."));
    main.replaceChildren(box);
  }

  function drawSponsors() {
    at("subtitle").textContent = data.logo ? "With thanks to our sponsors" : "";
    at("paging").textContent = "";
    const before = main.querySelector(".logo");
    if (before && before.dataset.stamp === data.logo) return;
    if (!data.logo) { main.replaceChildren(make("p", "said", data.event)); return; }
    const picture = make("img", "logo");
    picture.alt = "Our sponsors";
    picture.dataset.stamp = data.logo;
    picture.src = `${location.pathname}/logo?of=${encodeURIComponent(data.logo)}`;
    main.replaceChildren(picture);
  }

  function svg(tag, values) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
    return element;
  }

  // The first ten over time: faster is higher; what was far slower than all of them now runs along the foot.
  function drawProgress() {
    at("subtitle").textContent = `${data.counts} of the first ten over time · ${data.window}`;
    at("paging").textContent = "";
    const drawn = data.progress.filter((racer) => racer.points.length);
    if (!drawn.length) {
      main.replaceChildren(make("p", "wait", "No results yet. The first submission appears here by itself."));
      return;
    }
    const last = drawn.map((racer) => racer.points[racer.points.length - 1][1]);
    const best = Math.min(...last), spread = Math.max(1, Math.max(...last) - best);
    const slowest = Math.min(Math.max(...drawn.flatMap((racer) => racer.points.map((point) => point[1]))), best + 8 * spread);
    const [from, end] = data.span;
    const to = end + (end - from) * 0.03; // what has just come stands beside what came before
    const x = (second) => (((second - from) / (to - from)) * 1000).toFixed(1);
    const y = (score) => (3 + ((Math.min(score, slowest) - best) / Math.max(1, slowest - best)) * 94).toFixed(2);
    const drawing = svg("svg", { viewBox: "0 0 1000 100", preserveAspectRatio: "none", role: "img",
      "aria-label": "Times of the first ten over time" });
    [...drawn].reverse().forEach((racer) => {
      const steps = racer.points.flatMap((point, index) => index
        ? [`${x(point[0])},${y(racer.points[index - 1][1])}`, `${x(point[0])},${y(point[1])}`] : [`${x(point[0])},${y(point[1])}`]);
      steps.push(`1000,${y(racer.points[racer.points.length - 1][1])}`);
      drawing.append(svg("polyline", { points: steps.join(" "), class: `curve of-${data.progress.indexOf(racer) + 1}` }));
    });
    const chart = make("div", "chart tall");
    const field = make("div", "field");
    field.append(drawing, make("span", "scale high", "faster"), make("span", "scale zero", "slower"));
    const ends = make("div", "ends");
    ends.append(make("span", "", data.from), make("span", "", data.to));
    chart.append(field, ends);
    const names = make("ol", "names");
    data.progress.forEach((racer, index) => {
      const row = make("li", "");
      row.append(make("span", `swatch of-${index + 1}`), make("span", "place", racer.p), make("span", "alias", racer.a),
        make("span", "best", racer.s));
      names.append(row);
    });
    const both = make("div", "progress");
    both.append(chart, names);
    main.replaceChildren(both);
  }

  function drawTotals() {
    at("subtitle").textContent = data.scene === "slots" ? "Who trains now, and who waits for a turn"
      : "Training hours, slots and estimated spend of all sponsored racers";
    at("paging").textContent = "";
    const numbers = make("div", "numbers");
    for (const entry of data.numbers) {
      const card = make("div", "number");
      card.append(make("p", "label", entry.label), make("p", "value", entry.value), make("p", "note", entry.note));
      numbers.append(card);
    }
    const curves = make("div", "curves");
    curves.append(...data.lines.map(curve));
    numbers.style.gridTemplateColumns = phone.matches ? "" : `repeat(${data.numbers.length}, 1fr)`;
    const below = make("div", data.offices.length ? "below" : "below alone");
    below.append(curves);
    if (data.offices.length) below.append(bars(data.offices));
    main.replaceChildren(numbers, below);
  }

  function bars(offices) {
    const chart = make("div", "chart offices");
    chart.append(make("h2", "", "Training hours used, by office"));
    for (const office of offices) {
      const row = make("div", "office");
      const bar = make("span", "bar"), filled = make("span", "filled");
      filled.style.width = `${office.w}%`;
      bar.append(filled);
      row.append(make("span", "name", office.n), make("span", "hours", office.v), bar);
      chart.append(row);
    }
    return chart;
  }

  function curve(line) {
    const chart = make("div", "chart");
    const number = (value) => line.unit
      + value.toLocaleString("en", { maximumFractionDigits: line.unit && value < 100 ? 2 : 0 });
    const top = Math.max(1, ...line.points.map((point) => point[1]));
    const far = line.limit > top * 4;
    const limit = !line.limit ? "" : line.unit ? `${line.word} ${number(line.limit)}` : line.word;
    chart.append(make("h2", "", line.title + (limit ? ` · ${limit}${far ? ", above this chart" : " (dashed)"}` : "")));
    if (line.points.length < 2) return chart;
    const height = (far ? top : Math.max(top, line.limit)) * 1.06;
    const [from, to] = [line.points[0][0], line.points[line.points.length - 1][0]];
    const y = (value) => (100 - (value / height) * 100).toFixed(2);
    const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    drawing.setAttribute("viewBox", "0 0 1000 100");
    drawing.setAttribute("preserveAspectRatio", "none");
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", line.title);
    const path = document.createElementNS(drawing.namespaceURI, "polyline");
    path.setAttribute("class", "curve");
    path.setAttribute("points", line.points
      .map((point) => `${(((point[0] - from) / Math.max(1, to - from)) * 1000).toFixed(1)},${y(point[1])}`).join(" "));
    drawing.append(path);
    if (line.limit && !far) {
      const dashed = document.createElementNS(drawing.namespaceURI, "line");
      const level = y(line.limit);
      const values = { class: "limit", x1: 0, x2: 1000, y1: level, y2: level };
      for (const [name, value] of Object.entries(values)) dashed.setAttribute(name, value);
      drawing.append(dashed);
    }
    const field = make("div", "field");
    field.append(drawing, make("span", "scale high", number(height)), make("span", "scale zero", number(0)));
    const ends = make("div", "ends");
    ends.append(make("span", "", line.from), make("span", "", line.to));
    chart.append(field, ends);
    return chart;
  }

  // ------------------------------------------------------------------------------------------------ paging
  setInterval(() => {
    if (!data || !data.rows || phone.matches || refused) return;
    page = next !== null ? Math.min(next, pages() - 1) : (page + 1) % pages();
    next = null;
    draw();
  }, PAGE_MS);
  setInterval(() => { if (data && data.scene === "countdown" && !refused) drawCountdown(); }, 500);
  phone.addEventListener("change", draw);
  ask();
})();
