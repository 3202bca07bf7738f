import { optional } from "../../../model/optional.ts";
import type { Person } from "../../../platform/vocabulary/vocabulary.ts";
import type { Jrd } from "./jrd.ts";

/** A found person. `webfinger` has the descriptor's other members and the target that led to it. */
export type FoundPerson = Person & { readonly webfinger: Omit<Jrd, "subject"> & { readonly target: string } };

const NAMES = ["http://schema.org/name", "https://schema.org/name", "http://packetizer.com/ns/name"];
const AVATAR = "http://webfinger.net/rel/avatar";
const PROFILE_PAGE = "http://webfinger.net/rel/profile-page";
const MAX_NAME_LENGTH = 256;

/** Makes a person of a descriptor. Without a subject the address is the resource that was asked for. */
export function toPerson({ subject, ...descriptor }: Jrd, target: string, resource: string): FoundPerson {
  const { links, properties } = descriptor;
  const name = NAMES.map((key) => properties[key]).find((value) => typeof value === "string" && value !== "");
  return {
    type: "person",
    address: subject ?? resource,
    ...optional("name", name?.slice(0, MAX_NAME_LENGTH)),
    ...optional("url", webLink(links, PROFILE_PAGE)),
    ...optional("image", webLink(links, AVATAR)),
    webfinger: { target, ...descriptor },
  };
}

function webLink(links: Jrd["links"], relation: string): string | undefined {
  return links.find(({ rel, href = "" }) => rel === relation && /^https?:\/\//i.test(href))?.href;
}
