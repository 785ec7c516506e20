// @ts-check
/** What an agent knows better of a flight, and what shall be different about a trip. */

import { make } from "../dom.js";
import { millis } from "../time.js";
import { order } from "./order.js";
import { openSheet } from "./sheet.js";
import { instantOf, localOf } from "./zones.js";

/** @typedef {import("../portal.js").Portal} Portal */
/** @typedef {import("./file.js").Trip} Trip */

/** @type {Api.Language[]} */
const LANGUAGES = ["ES", "EN", "PT"];

/** What is taken for WhatsApp's or an airline's code is not to be corrected. */
const CODE = { autocomplete: "off", spellcheck: "false", autocapitalize: "characters" };

/**
 * @param {Portal} portal
 * @param {Trip} trip
 * @param {() => void} done
 */
export function recordStatus(portal, trip, done) {
  const { words } = portal;
  const { departure, arrival } = trip.flight;
  const local = (/** @type {string} */ name) => make("input", { type: "datetime-local", name });
  const [leaves, left, comes, came] = [local("departureEstimatedAt"), local("departureActualAt"), local("arrivalEstimatedAt"), local("arrivalActualAt")];
  const gate = make("input", { ...CODE, name: "gateOrigin", placeholder: departure.gate });
  const terminal = make("input", { ...CODE, name: "terminalOrigin", placeholder: departure.terminal });
  const cancelled = make("select", { name: "cancelled" }, ...["", "true", "false"].map((value) => make("option", { value }, words.trip.record.cancelledIs[/** @type {"" | "true" | "false"} */ (value)])));
  const at = (/** @type {string} */ label, /** @type {{ airport: { code: string } }} */ end) => words.trip.localAt(label, end.airport.code);
  const instant = (/** @type {HTMLInputElement} */ input, /** @type {{ airport: { timezone: string } }} */ end) => (input.value ? instantOf(input.value, end.airport.timezone) : null);
  return openSheet(portal, {
    title: words.trip.record.title,
    hint: words.trip.record.hint,
    does: words.trip.record.does,
    fields: [
      { path: "departureEstimatedAt", label: at(words.trip.record.leaves, departure), input: leaves },
      { path: "departureActualAt", label: at(words.trip.record.left, departure), input: left },
      { path: "arrivalEstimatedAt", label: at(words.trip.record.comes, arrival), input: comes },
      { path: "arrivalActualAt", label: at(words.trip.record.came, arrival), input: came },
      { path: "gateOrigin", label: words.trip.record.gate, input: gate },
      { path: "terminalOrigin", label: words.trip.record.terminal, input: terminal },
      { path: "cancelled", label: words.trip.record.cancelled, input: cancelled },
    ],
    send: () =>
      order(portal, "RecordFlightStatus", {
        tripId: trip.id,
        departureEstimatedAt: instant(leaves, departure),
        departureActualAt: instant(left, departure),
        arrivalEstimatedAt: instant(comes, arrival),
        arrivalActualAt: instant(came, arrival),
        gateOrigin: gate.value.trim() || null,
        terminalOrigin: terminal.value.trim() || null,
        cancelled: cancelled.value ? cancelled.value === "true" : null,
      }),
    done,
  });
}

/**
 * Only what the agent changed is sent: what somebody else changed meanwhile stays, and a flight that is named again would be
 * confirmed to the traveller anew.
 * @param {Portal} portal
 * @param {Trip} trip
 * @param {() => void} done
 */
export function editTrip(portal, trip, done) {
  const { words } = portal;
  const { traveller, flight } = trip;
  const zone = flight.departure.airport.timezone;
  const text = (/** @type {string} */ name, /** @type {string | null} */ value, more = {}) => make("input", { name, value, autocomplete: "off", ...more });
  const name = text("name", traveller.name);
  const phone = text("phone", traveller.phone, { type: "tel" });
  const language = make("select", { name: "language" }, ...LANGUAGES.map((value) => make("option", { value, selected: value === traveller.language }, words.trip.languages[value])));
  const ident = text("flight", flight.identIata ?? flight.ident, CODE);
  const departs = text("departure", flight.departure.scheduledAt && localOf(millis(flight.departure.scheduledAt), zone), { type: "datetime-local" });
  const reference = text("reference", trip.reference);
  const lodging = text("lodging", trip.lodging);
  const notes = make("textarea", { name: "notes", rows: 3 }, trip.notes);
  const was = new Map([name, phone, language, ident, departs, reference, lodging, notes].map((input) => [input, input.value]));
  const changed = (/** @type {import("./sheet.js").Input} */ input) => (input.value === was.get(input) ? null : input.value);
  return openSheet(portal, {
    title: words.trip.edit.title,
    hint: words.trip.edit.hint,
    does: words.trip.edit.does,
    fields: [
      { path: "traveller.name", label: words.trip.edit.name, input: name },
      { path: "traveller.phone", label: words.trip.edit.phone, input: phone },
      { path: "traveller.language", label: words.trip.edit.language, input: language },
      { path: "flight", label: words.trip.edit.flight, input: ident },
      { path: "departure", label: words.trip.localAt(words.trip.edit.departure, flight.departure.airport.code), input: departs },
      { path: "reference", label: words.trip.edit.reference, input: reference },
      { path: "lodging", label: words.trip.edit.lodging, input: lodging },
      { path: "notes", label: words.trip.edit.notes, input: notes },
    ],
    send: () => {
      const who = [name, phone, language].some((input) => changed(input) !== null);
      return order(portal, "UpdateTrip", {
        tripId: trip.id,
        traveller: who ? { name: name.value, phone: phone.value, language: /** @type {Api.Language} */ (language.value) } : null,
        flight: changed(ident),
        departure: changed(departs),
        reference: changed(reference),
        lodging: changed(lodging),
        notes: changed(notes),
      });
    },
    done,
  });
}

/**
 * Archiving cannot be taken back, so it is asked for twice.
 * @param {Portal} portal
 * @param {Trip} trip
 * @param {() => void} done
 */
export function archive(portal, trip, done) {
  const { words } = portal;
  return openSheet(portal, {
    title: words.trip.archive.title,
    hint: words.trip.archive.hint,
    does: words.trip.archive.does,
    fields: [],
    send: () => order(portal, "ArchiveTrip", { tripId: trip.id }),
    done,
  });
}
