// @ts-check
/** The rows of a file as trips: which column means what, what is wrong with each, and the key by which it is made once. */

import { sha256 } from "../hash.js";
import { check } from "../trips/check.js";
import { parse, unguarded } from "./csv.js";

/** @typedef {import("../trips/check.js").Refusal} Refusal */
/** @typedef {"ready" | "wrong" | "same" | "example" | "sending" | "made" | "before" | "archived" | "refused"} State */
/** @typedef {keyof typeof COLUMNS} Column */
/**
 * @typedef {object} Row
 * @property {number} line  of the file
 * @property {string[]} cells  as they stand there
 * @property {Api.CreateTripInput} trip
 * @property {State} state
 * @property {Refusal[]} refusals
 * @property {number} [sameAs]  the line that says the same
 * @property {string} [fault]  what the server said where it could not answer
 * @property {string} [id]  of the trip
 */
/** @typedef {{ header: string[], rows: Row[], missing: Column[] }} Sheet */

/** How columns are called, in any language, without accents, case and spaces. */
export const COLUMNS = {
  name: ["name", "traveller", "traveler", "travellername", "passenger", "nombre", "viajero", "pasajero", "nome", "viajante", "passageiro"],
  phone: ["phone", "phonenumber", "mobile", "whatsapp", "telefono", "celular", "movil", "telefone"],
  language: ["language", "idioma", "lang", "lengua"],
  flight: ["flight", "flightnumber", "vuelo", "numerodevuelo", "voo", "numerodovoo"],
  origin: ["origin", "from", "origen", "desde", "origem", "de"],
  destination: ["destination", "to", "destino", "hasta", "para"],
  departure: ["departure", "departs", "salida", "partida", "saida", "fechadesalida"],
  reference: ["reference", "booking", "referencia", "reserva", "localizador"],
  lodging: ["lodging", "hotel", "alojamiento", "hospedagem"],
  notes: ["notes", "note", "notas", "observaciones", "observacoes"],
};

const NEEDED = /** @type {Column[]} */ (["name", "phone", "flight", "origin", "destination", "departure"]);
const EXAMPLES = ["EJEMPLO", "EXAMPLE", "EXEMPLO"];
/** @type {Record<string, Api.Language>} */
const LANGUAGES = { es: "ES", spanish: "ES", espanol: "ES", espanhol: "ES", castellano: "ES", en: "EN", english: "EN", ingles: "EN", pt: "PT", portuguese: "PT", portugues: "PT" };

/** @param {string} text */
const plain = (text) => text.normalize("NFKD").replace(/[^\p{L}\d]/gu, "").toLowerCase();

/**
 * Everything that a file says. Raises csv.UnendingQuotesError.
 * @param {string} text
 * @returns {Sheet}
 */
export function read(text) {
  const [head, ...records] = parse(text);
  const header = head?.cells.map((each) => each.trim()) ?? [];
  /** @type {Partial<Record<Column, number>>} */
  const places = {};
  header.forEach((each, place) => {
    const column = /** @type {Column[]} */ (Object.keys(COLUMNS)).find((one) => COLUMNS[one].includes(plain(each)));
    if (column) places[column] ??= place;
  });
  const missing = NEEDED.filter((each) => places[each] === undefined);
  const rows = missing.length ? [] : records.map(({ line, cells }) => row(line, cells, places));
  /** @type {Map<string, number>} */
  const known = new Map();
  for (const each of rows) {
    const key = each.trip.idempotencyKey ?? "";
    const before = known.get(key);
    if (before === undefined) known.set(key, each.line);
    else if (each.state === "ready") [each.state, each.sameAs] = ["same", before];
  }
  return { header, rows, missing };
}

/**
 * @param {number} line
 * @param {string[]} cells
 * @param {Partial<Record<Column, number>>} places
 * @returns {Row}
 */
function row(line, cells, places) {
  const cell = (/** @type {Column} */ column) => unguarded(cells[places[column] ?? -1] ?? "");
  const language = LANGUAGES[plain(cell("language"))] ?? null;
  /** @type {Api.CreateTripInput} */
  const trip = {
    traveller: { name: cell("name"), phone: cell("phone"), language },
    flight: cell("flight"),
    origin: cell("origin").toUpperCase(),
    destination: cell("destination").toUpperCase(),
    departure: instant(cell("departure")),
    reference: cell("reference") || null,
    lodging: cell("lodging") || null,
    notes: cell("notes") || null,
  };
  // The same row gives the same key, so that the same file makes nothing twice; with any other letter it is another row.
  trip.idempotencyKey = `row-${sha256(JSON.stringify(trip))}`;
  const refusals = check(trip);
  if (cell("language") && !language) refusals.push({ code: "INVALID", path: ["traveller", "language"] });
  const state = EXAMPLES.includes(cell("reference").toUpperCase()) ? "example" : refusals.length ? "wrong" : "ready";
  return { line, cells, trip, state, refusals: state === "example" ? [] : refusals };
}

/**
 * A time as spreadsheets of the countries of our agencies write it (3/12/2026 14:05), as the API takes it.
 * @param {string} text
 */
function instant(text) {
  const found = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}),? +(\d{1,2}):(\d\d)(?::\d\d)?$/.exec(text);
  const short = /^(\d{4}-\d\d-\d\d)[ T](\d):(\d\d)$/.exec(text);
  if (short) return `${short[1]}T0${short[2]}:${short[3]}`;
  if (!found) return text.replace(" ", "T");
  const [day, month, year, hour, minute] = found.slice(1).map((each) => each.padStart(2, "0"));
  return `${year}-${month}-${day}T${hour}:${minute}`;
}
