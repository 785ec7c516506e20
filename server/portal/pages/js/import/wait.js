// @ts-check

/**
 * Seconds that pass, unless somebody does not want to wait any longer or the line is back.
 * @param {number} seconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function wait(seconds, signal) {
  return new Promise((done) => {
    const ended = () => {
      clearTimeout(timer);
      removeEventListener("online", ended);
      signal.removeEventListener("abort", ended);
      done();
    };
    const timer = setTimeout(ended, seconds * 1000);
    addEventListener("online", ended);
    signal.addEventListener("abort", ended);
    if (signal.aborted) ended();
  });
}
