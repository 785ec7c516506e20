// @ts-check
/** How messages are worded: one type at a time, in three languages side by side, read with a trip of the agency's own. */

import { add, make } from "../dom.js";
import { empty, failed, loading } from "../notice.js";
import { hold } from "../unsaved.js";
import { LANGUAGES } from "./fields.js";
import { Input, select } from "./input.js";
import { Tongue } from "./tongue.js";

/** @typedef {import("../portal.js").Portal} Portal */

/** @type {Api.NotificationType[]} */
export const TYPES = ["RESERVATION_CONFIRMATION", "REMINDER_24H", "BOARDING", "DELAYED", "EARLIER", "GATE_CHANGE", "CANCELLED", "REINSTATED", "DIVERTED", "LANDING_WELCOME", "TEST"];

/** What is typed and not saved, by agency, type and language. @type {Map<string, import("./tongue.js").Typed>} */
const drafts = new Map();

/**
 * @param {HTMLElement} place
 * @param {Portal} portal
 * @param {import("../router.js").Params} params
 * @returns {import("../router.js").Leave}
 */
export function wording(place, portal, { rest, query }) {
  const words = portal.words.settings;
  const agency = portal.who?.agency.id ?? "";
  let left = false;
  let type = TYPES.find((each) => each === query.get("type")) ?? "RESERVATION_CONFIRMATION";
  let trip = query.get("trip") ?? "";
  const tongues = make("div", { class: "tongues" });
  place.replaceChildren(loading(portal));
  void begin();

  async function begin() {
    const { data, fault } = await portal.ask("Wording", {});
    if (left) return;
    if (!data) return place.replaceChildren(failed(portal, fault, () => void begin()));
    const trips = data.trips.nodes;
    if (!trips.some((each) => each.id === trip)) trip = trips[0]?.id ?? "";
    place.replaceChildren();
    if (portal.who?.viewer.role !== "ADMIN") add(place, make("p", { class: "needs" }, words.needsAdmin));
    if (!trip) return add(place, empty(words.noTrips, words.noTripsHint));
    const types = select(TYPES.map((each) => [each, portal.words.message[each]]), type, { name: "type" });
    const readers = select(trips.map(({ id, traveller, flight }) => [id, `${flight.identIata ?? flight.ident} · ${traveller.name}`]), trip, { name: "trip" });
    const chosen = () => {
      type = /** @type {Api.NotificationType} */ (types.value);
      trip = readers.value;
      history.replaceState(history.state, "", portal.router.address("settings", rest, new URLSearchParams({ type, trip })));
      void draw(data.agency.messageTemplates);
    };
    types.addEventListener("change", chosen);
    readers.addEventListener("change", chosen);
    const choices = make("div", { class: "fields" }, new Input(words.type, types).node, new Input(words.readWith, readers).node);
    add(place, make("p", { class: "hint" }, words.wordingHint), choices, tongues);
    await draw(data.agency.messageTemplates);
  }

  /** @param {Api.Wording["agency"]["messageTemplates"]} templates */
  async function draw(templates) {
    const asked = `${type} ${trip}`;
    tongues.replaceChildren(loading(portal));
    const preview = () => portal.ask("Preview", { trip, type });
    const { data, fault } = await preview();
    if (left || asked !== `${type} ${trip}`) return;
    if (!data) return tongues.replaceChildren(failed(portal, fault, () => void draw(templates)));
    const cards = LANGUAGES.map((language) => {
      const said = data[language];
      if (!said) return null;
      const name = `${agency} ${type} ${language}`;
      const kept = {
        get: () => drafts.get(name),
        set: (/** @type {import("./tongue.js").Typed | null} */ typed) => {
          if (typed) drafts.set(name, typed);
          else drafts.delete(name);
          hold(agency, "settings", name, typed !== null);
        },
      };
      return new Tongue(portal, {
        type, language, said, kept,
        template: templates.find((each) => each.type === type && each.language === language) ?? null,
        known: async (template) => {
          const at = templates.findIndex((each) => each.type === template.type && each.language === language);
          templates.splice(at < 0 ? templates.length : at, at < 0 ? 0 : 1, template);
          return (await preview()).data?.[language] ?? null;
        },
      }).node;
    });
    tongues.replaceChildren();
    add(tongues, ...cards);
  }

  return () => void (left = true);
}
