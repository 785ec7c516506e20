// @ts-check
/** CSV as RFC 4180 has it and as spreadsheets write it: with `;` or tabs, a BOM, `sep=`, and line ends of every kind. */

/** A record and the line of the file on which it begins. @typedef {{ line: number, cells: string[] }} Record */

export class UnendingQuotesError extends Error {}

/**
 * The records of a text, without empty ones. Raises UnendingQuotesError.
 * @param {string} text
 * @returns {Record[]}
 */
export function parse(text) {
  const whole = text.replace(/^\uFEFF/, "");
  const said = /^"?sep=(.)"?\r?\n/i.exec(whole);
  const separator = said?.[1] ?? separatorOf(whole);
  /** @type {Record[]} */
  const records = [];
  let [at, line] = [said?.[0].length ?? 0, said ? 2 : 1];
  while (at < whole.length) {
    const begins = line;
    const cells = [];
    for (let ended = false; !ended; ) {
      let cell = "";
      if (whole[at] === '"') {
        for (at++; ; at++) {
          const end = whole.indexOf('"', at);
          if (end < 0) throw new UnendingQuotesError();
          cell += whole.slice(at, end);
          at = end + 1;
          if (whole[at] !== '"') break;
          cell += '"';
        }
        line += cell.match(/\r\n|\r|\n/g)?.length ?? 0;
      }
      const from = at;
      while (at < whole.length && whole[at] !== separator && whole[at] !== "\r" && whole[at] !== "\n") at++;
      // What stands behind the closing quotes belongs to the cell: no letter of a file gets lost.
      cells.push(cell + whole.slice(from, at));
      ended = whole[at] !== separator;
      if (!ended) at++;
    }
    if (whole[at] === "\r" && whole[at + 1] === "\n") at++;
    at++;
    line++;
    if (cells.some((each) => each.trim())) records.push({ line: begins, cells });
  }
  return records;
}

/**
 * What separates the cells of the first line.
 * @param {string} text
 */
function separatorOf(text) {
  const first = (/^[^\r\n]*/.exec(text.trimStart())?.[0] ?? "").replace(/"[^"]*"/g, "");
  const counted = [",", ";", "\t"].map((each) => ({ each, many: first.split(each).length }));
  return counted.reduce((best, one) => (one.many > best.many ? one : best)).each;
}

/**
 * A text that spreadsheets read as it was meant: with a BOM, and nothing in it is a formula.
 * @param {string[][]} records
 */
export function write(records) {
  return `\uFEFF${records.map((cells) => cells.map(quoted).join(",")).join("\r\n")}\r\n`;
}

/** @param {string} cell */
function quoted(cell) {
  // A spreadsheet would run what begins like a formula. A phone number is none, and must stay what it is.
  const safe = /^[=+\-@\t\r]/.test(cell) && !/^\+\d[\d ]*$/.test(cell) ? `'${cell}` : cell;
  return /[",;\r\n\t]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * A cell without the apostrophe that kept a spreadsheet from running it.
 * @param {string} cell
 */
export const unguarded = (cell) => cell.replace(/^'(?=[=+\-@\t\r])/, "").trim();

/**
 * The text of a file: UTF-8 or UTF-16 where it says so, else as Excel writes it in the West.
 * @param {ArrayBuffer} bytes
 */
export function decoded(bytes) {
  const [first, second] = new Uint8Array(bytes);
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
