// Live numbers: notes each text that each number of the page ever shows, so that one that is there for a moment only is
// seen, however slow the machine is.

/** Begins to note. The notes are lost when the page is loaded anew: that is how it is seen that it was not. */
export const note = ({ page }) =>
  page.evaluate(() => {
    window.noted = {};
    const look = () => {
      for (const { dataset, textContent } of document.querySelectorAll("[data-live]")) {
        (window.noted[dataset.live] ??= new Set()).add(textContent);
      }
    };
    look();
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  });

/** Waits until a number has shown something that is not `text`. */
export const moved = ({ page }, key, text) =>
  page.waitForFunction(([key, text]) => [...window.noted[key]].some((shown) => shown !== text), [key, text]);

/** Waits until a number shows `text`. */
export const shows = ({ page }, key, text) =>
  page.waitForFunction(
    ([key, text]) => window.noted && document.querySelector(`[data-live="${key}"]`).textContent === text,
    [key, text],
  );
