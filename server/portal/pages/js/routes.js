// @ts-check
/** Every view: its address, its name in the menu, and whether it stands there. */

import { show as board } from "./views/board.js";
import { show as create } from "./views/create.js";
import { show as importTrips } from "./views/import.js";
import { show as numbers } from "./views/numbers.js";
import { show as settings } from "./views/settings.js";
import { show as trip } from "./views/trip.js";

/** @typedef {import("./language.js").Words} Words */

/**
 * @typedef {object} Route
 * @property {import("./router.js").Show} show
 * @property {(words: Words) => string} title
 * @property {boolean} menu
 * @property {boolean} [writes]  whoever may only look is not offered it; by its address it says what it needs
 */

/** @type {Record<string, Route>} */
export const ROUTES = {
  board: {
    show: board,
    title: (words) => words.board.title,
    menu: true,
  },

  trip: {
    show: trip,
    title: (words) => words.trip.title,
    menu: false,
  },

  new: {
    show: create,
    title: (words) => words.create.title,
    menu: true,
    writes: true,
  },

  import: {
    show: importTrips,
    title: (words) => words.import.title,
    menu: true,
    writes: true,
  },

  numbers: {
    show: numbers,
    title: (words) => words.numbers.title,
    menu: true,
  },

  settings: {
    show: settings,
    title: (words) => words.settings.title,
    menu: true,
  },
};
