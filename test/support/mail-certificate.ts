import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Certificate {
  /** PEM texts of a self-signed certificate and its key. */
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** A fresh self-signed certificate in `dir`, by default for localhost and 127.0.0.1. */
export function certificate(dir: string, names = "DNS:localhost,IP:127.0.0.1", days = 2): Certificate {
  const certFile = join(dir, "tls.crt");
  const keyFile = join(dir, "tls.key");
  const subject = ["-subj", "/CN=test", "-addext", `subjectAltName=${names}`];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyFile];
  execFileSync("openssl", ["req", "-x509", ...key, "-days", String(days), ...subject, "-out", certFile], {
    stdio: "ignore",
  });
  return { certFile, keyFile, cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
}
