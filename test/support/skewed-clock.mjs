// Preloaded into a gateway process (`node --import`): shifts its wall clock by the milliseconds in CLOCK_OFFSET_FILE.
// The file may change at any moment, as a clock that jumps. Timers and `performance.now()` go on as before.
import { readFileSync } from "node:fs";

const POLL_MS = 50;
const RealDate = Date;
let offset = 0;

globalThis.Date = class SkewedDate extends RealDate {
  static [Symbol.hasInstance](value) {
    return value instanceof RealDate;
  }

  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + offset);
    else super(...args);
  }

  static now() {
    return RealDate.now() + offset;
  }
};

setInterval(() => {
  try {
    offset = Number(readFileSync(process.env.CLOCK_OFFSET_FILE, "utf8"));
  } catch {
    offset = 0;
  }
}, POLL_MS).unref();
