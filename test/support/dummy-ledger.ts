import { readFile } from "node:fs/promises";

/** Effect, written by the dummy platform at the moment of the effect. */
export interface LedgerLine {
  readonly rid: string;
  readonly actor: string;
  readonly target: string;
  readonly n: number;
  readonly id: string;
}

/** Reads the dummy platform's append-only book; oldest first. */
export async function readLedger(path: string): Promise<LedgerLine[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const lines = text.split("\n");
  if (lines.pop() !== "") throw new Error("The ledger's last line is half written");
  return lines.map((line) => {
    const [rid, actor, target, n, id, ...more] = line.split(" ");
    if (!rid || !actor || !target || !n || !id || more.length > 0) throw new Error(`Not a line of a ledger: ${line}`);
    return { rid, actor, target, n: Number(n), id };
  });
}
