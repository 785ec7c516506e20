// @ts-check
/** What happened in a span: the API's own figures as pictures, and nothing estimated. */

import { add, make, say } from "../dom.js";
import { bars } from "../numbers/bars.js";
import { cost, dearest, dollars } from "../numbers/cost.js";
import { latency } from "../numbers/latency.js";
import { daysOf, instantsOf, queryOf, spanOf } from "../numbers/span.js";
import { spanForm } from "../numbers/span_form.js";
import * as notice from "../notice.js";

/** Events wait so long for each other before the figures are asked for again. */
const GATHER = 3000;
/** What counts by itself, such as a new day, comes with no event. */
const REREAD = 60_000;

/** @typedef {import("../portal.js").Portal} Portal */
/** @typedef {Api.Numbers["agency"]} Agency */

/** What came to its end well, badly, or not at all. @type {Partial<Record<Api.NotificationStatus, string>>} */
const MOODS = { DELIVERED: "well", READ: "well", SENT: "well", UNDELIVERED: "wrong", FAILED: "wrong", UNKNOWN: "wrong", SUPPRESSED: "quiet", SUPERSEDED: "quiet", EXPIRED: "quiet", WITHDRAWN: "quiet" };

/** @type {import("../router.js").Show} */
export function show(place, params, portal) {
  const { words, router } = portal;
  let { query } = params;
  let left = false;
  let asked = 0;
  let isDrawn = false;
  const today = () => portal.times.date(portal.now());
  const charts = make("div", { class: "charts" });
  const told = make("p", { class: "count", role: "status" });
  const form = spanForm(portal, spanOf(query, today()), (wished) => {
    router.replace("numbers", (query = wished));
    isDrawn = false;
    charts.replaceChildren(notice.loading(portal));
    void read();
  });
  add(place, make("div", { class: "top" }, make("h1", null, words.numbers.title), told), form, charts);
  charts.append(notice.loading(portal));

  async function read() {
    const mine = ++asked;
    const span = spanOf(query, today());
    const { data, fault } = await portal.ask("Numbers", instantsOf(span));
    if (left || mine !== asked) return;
    // Figures that were good a minute ago say more than that there are none.
    if (fault) return isDrawn || charts.replaceChildren(notice.failed(portal, fault, () => void read()));
    const [first, last] = [span.first, span.last].map((day) => portal.times.day(`${day}T12:00Z`, "UTC"));
    say(told, first === last ? (first ?? "") : `${first} – ${last}`);
    // Figures that were opened stay open, and whoever is on them stays there, while new ones come.
    const focused = document.activeElement?.matches(".figures-of summary") ?? false;
    const open = charts.querySelector("details")?.open ?? false;
    isDrawn = true;
    charts.replaceChildren();
    add(charts, ...drawn(portal, data.agency, daysOf(span), open));
    if (focused) charts.querySelector("summary")?.focus({ preventScroll: true });
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let gathering;
  const unheard = portal.live.on((event) => {
    if (event.__typename !== "CaughtUp") gathering ??= setTimeout(() => ((gathering = undefined), void read()), GATHER);
  });
  const rereading = setInterval(() => void read(), REREAD);
  void read();
  if (!query.size) history.replaceState(history.state, "", router.address("numbers", [], queryOf(spanOf(query, today()))));
  return () => {
    left = true;
    unheard();
    clearTimeout(gathering);
    clearInterval(rereading);
  };
}

/**
 * @param {Portal} portal
 * @param {Agency} agency
 * @param {string[]} days
 * @param {boolean} open
 */
function drawn(portal, agency, days, open) {
  const { words, times } = portal;
  const { activity } = agency;
  const messages = activity.notificationsByStatus.reduce((sum, each) => sum + each.count, 0);
  if (!messages && !activity.trips && !activity.aeroapiCostUsd) return [notice.empty(words.numbers.none, words.numbers.noneHint)];
  const of = (/** @type {Api.NotificationStatus[]} */ ...wanted) => activity.notificationsByStatus.filter(({ status }) => wanted.includes(status)).reduce((sum, each) => sum + each.count, 0);
  const failed = of("FAILED", "UNDELIVERED");
  const tiles = [
    tile("trips", words.numbers.trips, times.number(activity.trips)),
    tile("messages", words.numbers.messages, times.number(messages)),
    tile("arrived", words.numbers.arrived, times.number(of("DELIVERED", "READ"))),
    tile("failed", words.numbers.failed, times.number(failed), "", failed ? "wrong" : ""),
    tile("cost", words.numbers.cost, dollars(portal, activity.aeroapiCostUsd), words.numbers.setsOf(times.number(activity.aeroapiResultSets))),
  ];
  const counted = (/** @type {string} */ name, /** @type {string} */ label, /** @type {number} */ value, /** @type {string} */ mood = "") => ({ name, label: label.charAt(0).toUpperCase() + label.slice(1), value, text: times.number(value), mood });
  const none = words.numbers.noMessages;
  return [
    make("dl", { class: "tiles" }, ...tiles),
    bars(words.numbers.byState, words.numbers.state, words.numbers.messages, activity.notificationsByStatus.map(({ status, count }) => counted(status, words.state[status], count, MOODS[status])), none),
    bars(words.numbers.byType, words.numbers.type, words.numbers.messages, activity.notificationsByType.map(({ type, count }) => counted(type, words.message[type], count)), none),
    bars(words.numbers.byReason, words.numbers.reason, words.numbers.messages, activity.suppressedByReason.map(({ reason, count }) => counted(reason, words.reason[reason], count, "quiet")), words.numbers.noSilence),
    latency(portal, activity.latencies),
    cost(portal, agency, days, open),
    dearest(portal, agency),
  ];
}

/**
 * @param {string} name
 * @param {string} label
 * @param {string} value
 * @param {string} [more]
 * @param {string} [mood]
 */
function tile(name, label, value, more, mood) {
  return make("div", { class: "tile", "data-of": name, "data-mood": mood }, make("dt", null, label), make("dd", null, value, more && make("small", null, more)));
}
