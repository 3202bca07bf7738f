import { spawn } from "node:child_process";
import { freePort, listening } from "./free-port.ts";

export interface SmtpSink {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/**
 * Starts Postfix's SMTP sink on a loopback port, which discards all mail. `options` are its flags, such as `-q DATA`
 * (drop the connection), `-r RCPT` (refuse) or `-w 5` (wait before answering the final dot).
 */
export async function smtpSink(options: readonly string[] = []): Promise<SmtpSink> {
  const port = await freePort();
  const asUser = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const child = spawn("/usr/sbin/smtp-sink", [...asUser, ...options, `127.0.0.1:${port}`, "512"], { stdio: "ignore" });
  await listening(port);
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) resolve();
        else child.once("exit", () => resolve());
        child.kill("SIGTERM");
      }),
  };
}
