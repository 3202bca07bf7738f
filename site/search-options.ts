/** How pages are searched. The build makes the index with them, and the browser's script reads it. */
export const SEARCH_OPTIONS = { fields: ["heading", "page", "text"], storeFields: ["heading", "page"] };
