// Pictures of pages, for whoever wants to see what the walk saw. They decide nothing, and never lie in the tree.
import { join } from "node:path";

const FOLDER = process.env.WASMILL_SCREENSHOTS;

export const picture = async ({ page, mill }, name) => {
  await page.screenshot({ path: join(FOLDER, mill.profile, `${name}.png`), fullPage: true });
};
