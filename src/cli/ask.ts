import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Person at the terminal, or a program that writes to the standard input. */
export interface Input {
  /** Asks a question on standard error. Hidden answers are not shown while they are typed. */
  readonly ask: (question: string, isHidden: boolean) => Promise<string>;
  /** Undefined at a terminal, where `ask` serves; else reads all of the standard input. */
  readonly readAll: (() => Promise<string>) | undefined;
}

/** Makes the input of this process. */
export function processInput(): Input {
  return { ask, readAll: process.stdin.isTTY ? undefined : readAll };
}

async function ask(question: string, isHidden: boolean): Promise<string> {
  let isMuted = false;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!isMuted) process.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  try {
    const answer = lines.question(question);
    isMuted = isHidden;
    return await answer;
  } finally {
    lines.close();
    if (isHidden) process.stderr.write("\n");
  }
}

async function readAll(): Promise<string> {
  let text = "";
  for await (const part of process.stdin.setEncoding("utf8")) text += String(part);
  return text;
}
