import { egress } from "../../src/egress/egress.ts";

/** Egress guard with loopback allowed; `ca` is the PEM of a test's own authority. */
export function loopbackEgress(ca?: string) {
  return egress({ allowPrivate: ["127.0.0.0/8"], ...(ca === undefined ? {} : { ca }) });
}
