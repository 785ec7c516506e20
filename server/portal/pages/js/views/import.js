// @ts-check
/** Many trips from a file: chosen, looked through, sent, and said row by row what became of it. */

import { add, make, mark, say } from "../dom.js";
import { decoded, UnendingQuotesError } from "../import/csv.js";
import { dropZone, failures, template } from "../import/drop.js";
import { look } from "../import/places.js";
import { read } from "../import/rows.js";
import { reasons, Table } from "../import/table.js";
import { Work } from "../import/work.js";
import { empty } from "../notice.js";
import { reason } from "../trips/check.js";
import { needsAgent } from "../trips/role.js";

const LARGEST_FILE = 5_000_000;
const MOST_ROWS = 5000;

/** What is under way, also while other views are looked at. @type {Work | null} */
let work = null;

/** @type {import("../router.js").Show} */
export function show(place, _params, portal) {
  const words = portal.words.import;
  add(place, make("h1", null, words.title));
  const closed = needsAgent(portal);
  if (closed) return add(place, closed), () => {};
  if (work?.agency !== portal.who?.agency.id) drop();

  const box = make("input", { type: "checkbox", onchange: () => drawRows() });
  const only = make("label", { class: "check" }, box, words.onlyWrong);
  const counts = make("p", { class: "counts" });
  const bar = make("progress", { "aria-label": words.title });
  const state = make("p", { class: "state-of", role: "status" });
  const going = make("div", { class: "going" }, bar, state);
  const trouble = make("div", { class: "trouble", role: "alert" });
  const deeds = make("div", { class: "deeds" });
  const found = make("section", { class: "sheet", hidden: true }, counts, trouble, going, deeds, only);
  const table = new Table(portal);
  const choosing = make("div", { class: "choosing" }, dropZone(portal, (file) => void open(file)), make("p", { class: "hint" }, words.rules), template(portal));
  add(place, make("p", { class: "hint lead" }, words.lead), choosing, found, table.node);
  table.node.hidden = true;
  let unwatch = () => {};

  function drop() {
    work?.pause();
    work = null;
  }

  /** @param {string} text */
  const unreadable = (text) => {
    drop();
    found.hidden = table.node.hidden = true;
    place.querySelector(":scope > .notice")?.remove();
    const notice = empty(text, words.unreadableHint);
    notice.setAttribute("role", "alert");
    add(place, notice);
  };

  /** @param {File} file */
  async function open(file) {
    if (file.size > LARGEST_FILE) return unreadable(words.unreadable.big);
    let sheet;
    try {
      sheet = read(decoded(await file.arrayBuffer()));
    } catch (error) {
      if (error instanceof UnendingQuotesError) return unreadable(words.unreadable.quotes);
      throw error;
    }
    if (sheet.missing.length && sheet.header.length) return unreadable(words.missing(sheet.missing.map((each) => words.columns[each]).join(", ")));
    if (!sheet.rows.length) return unreadable(words.unreadable.empty);
    if (sheet.rows.length > MOST_ROWS) return unreadable(words.unreadable.big);
    drop();
    const begun = (work = new Work(portal, file.name, sheet));
    begun.isChecking = true;
    take();
    await look(portal, sheet.rows);
    begun.isChecking = false;
    begun.tell(sheet.rows);
  }

  /** Show what is under way. */
  function take() {
    if (!work) return;
    place.querySelector(":scope > .notice")?.remove();
    unwatch();
    unwatch = work.watch((rows) => {
      table.update(rows);
      draw();
    });
    found.hidden = table.node.hidden = false;
    box.checked = false;
    drawRows();
    draw();
  }

  function drawRows() {
    const rows = work?.sheet.rows ?? [];
    table.draw(box.checked ? rows.filter((each) => ["wrong", "archived", "refused"].includes(each.state)) : rows);
  }

  function draw() {
    if (!work) return;
    const { sheet, isRunning, isChecking, hasBegun } = work;
    const [ready, sending, failed] = [work.count("ready"), work.count("sending"), work.count("wrong", "archived", "refused")];
    const done = work.count("made", "before", "archived", "refused");
    choosing.hidden = isRunning;
    mark(choosing, "data-small", "");
    counts.replaceChildren(make("b", null, work.name), words.rows(sheet.rows.length), ...tally());
    bar.hidden = !hasBegun && !isChecking;
    if (isChecking) bar.removeAttribute("value");
    else [bar.max, bar.value] = [done + ready + sending, done];
    const isOver = hasBegun && !isRunning && ready === 0;
    say(state, isChecking ? words.checking : isRunning ? words.running(done, done + ready + sending) : isOver ? words.finished : hasBegun ? words.paused : ready ? "" : words.nothing);
    going.hidden = bar.hidden && !state.textContent;
    const waits = work.waits;
    const said = waits ? [waits.kind === "busy" ? words.busy(waits.seconds) : words.offline] : work.refusals.map((each) => reason(portal.words, each));
    if (trouble.textContent !== said.join(" ")) trouble.replaceChildren(...(said.length ? [make("p", { class: "wrong-text" }, said.join(" "))] : []));
    only.hidden = !failed;
    act(isOver, failed, ready);
  }

  /** How many rows are how. */
  function tally() {
    const states = /** @type {const} */ (["ready", "sending", "made", "before", "archived", "wrong", "refused", "same", "example"]);
    return states.map((each) => ({ each, many: work?.count(each) ?? 0 })).filter(({ many }) => many).map(({ each, many }) => make("span", { "data-state": each }, make("i", { class: "shape", "aria-hidden": "true" }), `${words.states[each]}: ${portal.times.number(many)}`));
  }

  let acts = "";

  /**
   * What can be done now; what can still be done keeps the focus of whoever is on it.
   * @param {boolean} isOver
   * @param {number} failed
   * @param {number} ready
   */
  function act(isOver, failed, ready) {
    const isRunning = work?.isRunning ?? false;
    const next = [isOver, failed > 0 && !isRunning, isRunning, isRunning || ready, work?.isChecking, work?.hasBegun].join();
    if (next === acts) return;
    acts = next;
    const held = deeds.contains(document.activeElement);
    deeds.replaceChildren();
    const button = (/** @type {string} */ text, /** @type {() => void} */ deed, main = false) => make("button", { type: "button", class: main ? "main" : "", onclick: deed }, text);
    if (isRunning) add(deeds, button(words.pause, () => work?.pause()));
    else if (ready && !work?.isChecking) add(deeds, button(work?.hasBegun ? words.resume : words.start(ready), () => void work?.run(), true));
    if (isOver) add(deeds, make("a", { href: portal.router.address("board") }, portal.words.portal.toBoard));
    if (failed && !isRunning && !work?.isChecking) add(deeds, button(words.failures, () => void save()));
    const first = deeds.querySelector("button, a");
    if (held && first instanceof HTMLElement) first.focus();
    mark(deeds, "data-over", isOver ? "" : null);
  }

  function save() {
    const rows = work?.sheet.rows.filter((each) => ["wrong", "archived", "refused"].includes(each.state)) ?? [];
    failures(portal, work?.sheet.header ?? [], rows.map((each) => ({ cells: each.cells, why: reasons(portal.words, each) })));
  }

  take();
  return () => {
    unwatch();
    table.leave();
  };
}
