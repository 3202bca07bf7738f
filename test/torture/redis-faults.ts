import type { KillRun } from "../support/kill-run.ts";
import { held } from "./freeze.ts";

/** Lets the disk stall: with `appendfsync always` Redis executes nothing until a sync is done. Returns 1. */
export async function diskStall({ redis, random }: KillRun): Promise<number> {
  const client = redis.connect();
  await client.debug("SLEEP", String(random.between(100, 1_500) / 1_000));
  client.disconnect();
  return 1;
}

/** Leaves Redis hardly any memory for some seconds. Returns 1. */
export async function memoryShortage({ redis, random }: KillRun): Promise<number> {
  const client = redis.connect();
  const used = Number(/used_memory:(\d+)/.exec(await client.info("memory"))?.[1]);
  await client.config("SET", "maxmemory", String(used + random.between(0, 200_000)));
  try {
    await held(random.between(500, 4_000));
  } finally {
    await client.config("SET", "maxmemory", "0");
    client.disconnect();
  }
  return 1;
}

/** Makes Redis' network slow for some seconds. Returns 1. */
export async function slowNetwork({ faults, random }: KillRun): Promise<number> {
  // Half of it in each direction.
  faults?.link.slowDown(random.between(25, 200));
  await held(random.between(1_000, 5_000));
  faults?.link.slowDown(0);
  return 1;
}

/** Breaks all connections to Redis several times, and refuses new ones in between. Returns the number of breaks. */
export async function unsteadyNetwork({ faults, random }: KillRun): Promise<number> {
  const breaks = random.between(2, 6);
  for (let count = 0; count < breaks; count++) {
    faults?.link.refuse(random.between(0, 1) === 1);
    faults?.link.cut();
    await held(random.between(50, 700));
    faults?.link.refuse(false);
    await held(random.between(50, 300));
  }
  return breaks;
}
