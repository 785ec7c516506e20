// @ts-check
/** The beginning. */

import { preferred, words } from "./language.js";
import { Portal } from "./portal.js";
import { paint, theme } from "./theme.js";

paint(theme());
const language = preferred();
await new Portal(language, await words(language)).begin();
