import { luaScript } from "./script-loader.ts";

/** Compare and set on a hash: writes fields while a field has the expected value. */
export const REPLACE_FIELDS = luaScript(new URL("./scripts/replace-fields.lua", import.meta.url), {
  keys: ["record"],
  args: ["field", "expected", "fields..."],
  reply: (raw) => raw === 1,
});
