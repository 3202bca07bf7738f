// Search of the documentation. The index is loaded when the field gets the focus, so that reading costs nothing.
import MiniSearch from "minisearch";
import { SEARCH_OPTIONS } from "../search-options.ts";

const MAX_RESULTS = 12;
const input = document.querySelector("#search");
const results = document.querySelector("#results");
const status = results.querySelector("[role=status]");
const list = results.querySelector("ol");
const menu = document.querySelector("nav .menu");
const wide = matchMedia("(min-width: 60rem)");
let loading;

/** Opens the menu beside the page, and closes it where it would cover a phone. */
const fitMenu = () => {
  menu.open = wide.matches;
};
fitMenu();
wide.addEventListener("change", fitMenu);

const load = () => {
  loading ??= fetch(new URL("search-index.json", import.meta.url))
    .then((answer) => answer.text())
    .then((json) => MiniSearch.loadJSON(json, SEARCH_OPTIONS));
  return loading;
};

/** Returns a list item that leads to a found part of a page. */
const itemOf = ({ id, heading, page }) => {
  const link = document.createElement("a");
  link.href = document.body.dataset.root + id;
  link.textContent = heading === page ? page : `${page}: ${heading}`;
  const item = document.createElement("li");
  item.append(link);
  return item;
};

const show = async () => {
  const query = input.value.trim();
  results.hidden = query === "";
  if (query === "") return;
  try {
    const index = await load();
    if (query !== input.value.trim()) return;
    const found = index.search(query, {
      prefix: true,
      fuzzy: 0.15,
      boost: { page: 3, heading: 4 },
      combineWith: "AND",
    });
    list.replaceChildren(...found.slice(0, MAX_RESULTS).map(itemOf));
    status.textContent = found.length === 0 ? "Nothing found." : `${found.length} results`;
  } catch {
    loading = undefined;
    status.textContent = "The search could not be loaded. Check the connection and type again.";
  }
};

input.addEventListener("focus", () => load().catch(() => (loading = undefined)), { once: true });
input.addEventListener("input", show);
input.form.addEventListener("submit", (event) => {
  event.preventDefault();
  list.querySelector("a")?.click();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !results.hidden) {
    input.value = "";
    results.hidden = true;
    input.focus();
  }
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea")) return;
  event.preventDefault();
  input.focus();
});
