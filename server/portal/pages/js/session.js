// @ts-check
/** The key of whoever looks: it stays in this tab, and is gone with it. */

const NAME = "bauhaus.key";

/** @returns {string | null} */
export const key = () => sessionStorage.getItem(NAME);

/** @param {string} secret */
export const keep = (secret) => sessionStorage.setItem(NAME, secret);

export const forget = () => sessionStorage.removeItem(NAME);
