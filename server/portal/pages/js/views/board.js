// @ts-check
/** The departures board: it moves by itself. */

import * as clock from "../clock.js";
import { filterOf, isFiltered } from "../board/filters.js";
import { filterForm } from "../board/form.js";
import { keep, last } from "../board/kept.js";
import { keyboard } from "../board/keys.js";
import { TripList } from "../board/list.js";
import { Table } from "../board/table.js";
import { add, make, say } from "../dom.js";
import { empty, failed, loading } from "../notice.js";

/** What passes by itself, such as a state that depends on the time, comes with no event: it is read again. */
const REREAD = 60_000;
/** Between the pages of that, so that a thousand trips keep neither the server nor this page busy. */
const GENTLY = 300;
/** A search is answered by the server; events wait so long for each other before it is asked again. */
const GATHER = 2000;
/** The first page waits so long for the world's time. */
const CLOCK_PATIENCE = 1500;

/** @type {import("../router.js").Show} */
export function show(place, params, portal) {
  const { words, router } = portal;
  let { query } = params;
  const agency = portal.who?.agency.id ?? "";
  const before = last(portal);
  const again = before?.query === query.toString() && before.list?.trips().length ? before : null;
  let list = again?.list ?? new TripList(portal, filter);
  /** What was asked for last, while what was asked for before is still shown. @type {TripList | null} */
  let next = list;
  let shown = false;
  const table = new Table(portal, () => void more());
  const title = make("h1", null, words.board.title);
  const count = make("p", { class: "count", role: "status" });
  const below = make("div", { class: "below" }, loading(portal));
  const nextPage = make("button", { type: "button", onclick: () => void more() }, words.board.next);
  const form = filterForm(portal, query, (wished) => void ask(wished));
  const keys = keyboard(portal, {
    move: (step) => table.move(step),
    end: (end) => table.end(end),
    search: () => form.search.focus(),
    leaveSearch: () => table.move(0),
  });
  const help = make("button", { type: "button", class: "quiet", "aria-label": words.keys.open, onclick: keys.open }, "?");
  add(place, make("div", { class: "top" }, title, count, help), form.node, table.node, below, keys.help);

  function filter() {
    return filterOf(query, portal.now());
  }

  /** @param {URLSearchParams} [wished] */
  async function ask(wished) {
    if (wished) router.replace("board", (query = wished));
    const asked = (next = wished ? new TripList(portal, filter) : list);
    const fault = await asked.more();
    if (asked !== next) return;
    if (fault) return below.replaceChildren(failed(portal, fault, () => void ask(query)));
    [list, next, shown] = [asked, null, true];
    draw();
  }

  /**
   * @param {(list: TripList) => Promise<import("../api.js").Fault | null>} reading
   * @param {(fault: import("../api.js").Fault) => void} [tell]  where somebody waits for it
   */
  async function read(reading, tell) {
    const asked = list;
    const fault = await reading(asked);
    if (asked !== list) return;
    if (fault) tell?.(fault);
    else draw();
  }

  /** @returns {Promise<void> | undefined} */
  const more = () => (list.hasMore ? read((asked) => asked.more(), (fault) => below.replaceChildren(failed(portal, fault, more))) : undefined);
  const refresh = (pause = 0) => void (shown && read((asked) => asked.refresh(pause)));

  function draw() {
    const trips = list.trips();
    table.draw(trips);
    say(count, list.hasMore ? (filter().day ? words.board.andMore(trips.length) : words.board.shown(trips.length, list.total)) : words.board.count(trips.length));
    // A button that is put there again lets go of the focus.
    if (list.hasMore) nextPage.isConnected || below.replaceChildren(nextPage);
    else if (trips.length) below.replaceChildren();
    else below.replaceChildren(isFiltered(query) ? empty(words.board.noneFiltered) : empty(words.board.none, words.board.noneHint));
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let gathering;
  const unwatch = portal.store.watch((ids) => {
    let unclear = false;
    let redraw = false;
    for (const id of ids) {
      const trip = portal.store.get(id);
      if (!trip) continue;
      const had = list.ids.has(id);
      if (next && next !== list) unclear = next.consider(trip) || unclear;
      unclear = list.consider(trip) || unclear;
      if (had !== list.ids.has(id)) redraw = true;
      else if (had) table.update(trip);
    }
    if (shown && redraw) draw();
    if (unclear && !gathering) gathering = setTimeout(() => ((gathering = undefined), refresh()), GATHER);
  });
  const unheard = portal.live.on((event) => {
    if (event.__typename === "Resync") refresh();
    if (event.__typename === "TripStatusChanged" && list.ids.has(event.trip.id) && event.record.changes.length) {
      const { flight } = event.trip;
      portal.announce(words.board.changed(flight.identIata ?? flight.ident, event.record.changes.map((each) => words.change[each.kind]).join(", ")));
    }
  });
  const rereading = setInterval(() => refresh(GENTLY), REREAD);
  const aging = setInterval(() => table.age(), 10_000);

  if (again) {
    [next, shown] = [null, true];
    draw();
    table.goTo(again.place);
    refresh();
  } else void Promise.race([clock.known, new Promise((done) => setTimeout(done, CLOCK_PATIENCE))]).then(() => ask());
  return () => {
    keep({ agency, query: query.toString(), list: next ? null : list, place: table.place() });
    unwatch();
    unheard();
    keys.leave();
    table.leave();
    clearInterval(rereading);
    clearInterval(aging);
    clearTimeout(gathering);
  };
}
