import type { Platform } from "../../src/platform/platform.ts";
import * as entities from "../../src/platform/vocabulary/entities.ts";
import type { SchemaNode } from "../../src/platform/vocabulary/schema-properties.ts";
import { TERM_GROUPS, TERMS } from "../../src/platform/vocabulary/terms.ts";
import { type CanonicalVerb, VERBS } from "../../src/platform/vocabulary/verbs.ts";
import { limitsSection } from "./docs-capabilities.ts";
import { NETWORK_MAPPING, NETWORKS } from "./docs-network-mapping.ts";
import { richTextSection } from "./docs-rich-text.ts";
import { GENERATED } from "./docs-tables.ts";

const ENTITIES: Readonly<Record<string, SchemaNode>> = {
  Person: entities.Person as unknown as SchemaNode,
  Room: entities.Room as unknown as SchemaNode,
  Context: entities.Context as unknown as SchemaNode,
  Attachment: entities.ListedAttachment as unknown as SchemaNode,
  Button: entities.Button as unknown as SchemaNode,
};

/** Renders docs/vocabulary.md. */
export function vocabularyPage(platforms: readonly Platform[]): string {
  return `# Vocabulary

${GENERATED}

One shape per intent, on every network. A platform narrows a term, never renames it. Properties that only one network has are
members of an object named after the platform (\`object.irc\`). \`GET /platforms/{id}\` tells beforehand which verbs and
properties a network keeps (\`capabilities\`); what it cannot do is refused with \`verb-not-supported\` or a pointer to the
property. What changed since version 0.1 is in [migrating](migrating.md).

## Verbs

| verb | meaning | target | properties of \`object\` | arrives |
|---|---|---|---|:-:|
${Object.entries<CanonicalVerb>(VERBS).map(verbRow).join("\n")}

## Terms

An \`id\` that a result or an inbound event gave is what \`update\`, \`delete\`, \`react\` and \`read\` take, on every network.

${Object.entries(TERM_GROUPS)
  .map(
    ([group, names]) =>
      `### ${group}\n\n| term | meaning |\n|---|---|\n${names.map((name) => `| \`${name}\` | ${cell(TERMS[name].meaning)} |`).join("\n")}`,
  )
  .join("\n\n")}

## Entities

${Object.entries(ENTITIES).map(entitySection).join("\n\n")}

### Collection

\`query\`, \`fetch\` and \`search\` answer \`{"type": "collection", "items": […], "total"?, "next"?, "previous"?}\`. Ask for the next
page with \`after\` = \`next\`, for the one before with \`before\` = \`previous\`; absent \`next\` means that nothing follows. With
several targets the items are collections, each with the \`address\` of its target.

## Contexts

An activity and an event may have a \`context\`: \`{type, id?, name?}\` with type ${entities.Context.properties.type.enum.map((type) => `\`${type}\``).join(", ")}.
A posted string is shorthand: one of these types, or the id of a thread.

## Addresses

[Addresses](addresses.md) shows for each network what an \`address\` is, and which URIs are accepted.

## Rich text

A text is posted as \`body\` (plain), \`html\` or \`markdown\` (CommonMark). A \`body\` is sent as it is. HTML and Markdown are
converted to what the network has; where an app posts several forms, the richest that the network has is sent, on networks of
plain text the \`body\`. Formatted text that arrives is in \`body\`, and in \`html\` as well. Length is checked after the
conversion. What the converter (\`src/platform/kit/rich-text\`) keeps; otherwise how it writes an \`x\`:

${richTextSection(platforms)}

## Limits of texts and files

As \`GET /platforms/{id}\` tells them (\`capabilities\`); a test compares them with what is enforced.

${limitsSection(platforms)}

## Other networks

How verbs and terms map to networks, from the vendors' published documents. Telegram is built; the others show that the
vocabulary carries them.

| term | ${NETWORKS.join(" | ")} |
|---|${NETWORKS.map(() => "---").join("|")}|
${Object.entries(NETWORK_MAPPING)
  .map(([term, row]) => `| ${term} | ${row.map(cell).join(" | ")} |`)
  .join("\n")}

## Activity Streams 2.0 and CloudEvents

[Events](events.md#other-formats) are given out in both formats; a test converts every example there and back. What the terms of
Activity Streams do not hold exactly is in its \`dragoman:event\`; the \`data\` of a CloudEvent is the whole event.

| here | Activity Streams 2.0 | CloudEvents 1.0 |
|---|---|---|
| \`verb\` | \`type\`, see below | \`type\`: \`dragoman.<type>.<verb>\` |
| \`cursor\` | \`id\` | \`id\` |
| \`actor.address\`, \`name\` | \`actor\` (\`Person\`): \`id\` as URI, \`name\` | \`source\`: \`/<platform>/<account>\` |
| \`target[]\` | \`to\` | in \`data\` |
| \`object.type\` | \`object.type\`: \`Note\`, \`Article\` (with a title), \`Group\`, \`Person\`, \`Collection\`, \`Object\` | in \`data\` |
| \`object.id\`, \`inReplyTo\` | the same, as URI | in \`data\` |
| \`object.html\`, \`body\` | \`object.content\` with \`mediaType\` | in \`data\` |
| \`object.title\`, \`subject\`, \`name\` | \`object.name\` | in \`data\` |
| \`object.attachments\` | \`object.attachment\`: \`Document\`, \`Image\`, \`Audio\`, \`Video\` | in \`data\` |
| \`object.url\`, \`image\`, \`published\`, \`updated\`, \`location\` | the same | in \`data\` |
| \`object.content\` of a reaction | \`content\` | in \`data\` |
| \`context\` | \`context\`: \`Group\`, \`Collection\`, \`OrderedCollection\` | \`subject\` |
| \`rid\` of a result | in \`dragoman:event\` | \`subject\` |
| \`published\` | \`published\` | \`time\` |
| page of a poll | \`OrderedCollectionPage\` with \`next\` | JSON batch, \`Link\` header |

URIs are of the network's scheme (\`mailto:\`, \`xmpp:\`, \`irc:\`), web addresses, or \`urn:dragoman:<platform>:<kind>:<id>\`.

| \`type\` | verbs |
|---|---|
${as2Rows()}
`;
}

/** Changes of results and inbound events since 0.1, which no request can be refused for. */
const RESULTS_AND_EVENTS: ReadonlyArray<readonly [platform: string, old: string, now: string]> = [
  ["email", "result of `send`: `object.tls`", "`object.email.tls`"],
  ["email", "results of `read`, `flag`, `move`, `delete`: `uids`, `movedTo`", "`uid`, `destination`, `email.moved`"],
  ["email", "`query`: `items[] {path, name, use …}`", 'items `{type: "folder", folder, name, total, email}`'],
  ["facebook", "`quickReply`, `postback` of a pressed button", "`object.value`, with its title in `body`"],
  ["facebook", "`search`: `object.results`", "a collection of persons"],
  ["feeds", "`fetch`: `feeds[]` with `entries`, `more`", "collections of entries, each with the `address` of its feed"],
  ["feeds", "an entry's `text`, `media`", "`body`, `attachments`"],
  ["irc", "`query`: `entries[]`, `complete`", "`items[]`, `total`, `next`"],
  ["irc", "inbound `kick`", 'inbound `leave` with `cause: "kicked"` and `by`'],
  ["irc", "formatting characters in `body`", "none; the formatted text is `html`"],
  ["twitter", "`search`: `object.results`; `fetch`: `more`", "a collection with `items`, `next`, `previous`"],
  ["webfinger", "`search`: `object.results` with `avatar`", "a collection of persons with `image`"],
  ["xmpp", "`fetch`: `first`, `last`, `complete`", "`previous`, `next`; absent: nothing follows"],
  ["xmpp", "`query`: `items[]`, `more`", "a collection of persons or rooms with `next`"],
  ["xmpp", "inbound `leave`: `why`", "`cause`"],
  ["xmpp", "inbound `send` of a room: `messageId`", "`id`, which every verb takes"],
  ["xmpp", "inbound `invite`: `object.id`", "`object.address`"],
  ["xmpp", "inbound `react`: `reactions[]`, the whole set", "`react` and `unreact`, one `content` each"],
];

/** Rows of the types in Activity Streams, with the verbs that map to each. */
function as2Rows(): string {
  const verbs = Object.entries<CanonicalVerb>(VERBS);
  const types = [...new Set(verbs.map(([, { as2 = "Activity" }]) => as2))].sort();
  return types
    .map((type) => {
      const names = verbs.filter(([, { as2 = "Activity" }]) => as2 === type).map(([name]) => `\`${name}\``);
      return `| \`${type}\` | ${names.join(", ")} |`;
    })
    .join("\n");
}

function verbRow([verb, { summary, target, object, inbound, aliasOf }]: [string, CanonicalVerb]): string {
  const meaning = aliasOf === undefined ? summary : `${summary} Alias of \`${aliasOf}\`.`;
  return `| \`${verb}\` | ${cell(meaning)} | ${cell(target)} | ${object.map((name) => `\`${name}\``).join(" ")} | ${inbound ? "●" : ""} |`;
}

function entitySection([name, { properties = {} }]: [string, SchemaNode]): string {
  const rows = Object.entries(properties).map(([property, node]) => {
    const { description = "", enum: values } = node as SchemaNode & { readonly description?: string };
    const allowed = values ? ` One of ${values.map((value) => `\`${String(value)}\``).join(", ")}.` : "";
    return `| \`${property}\` | ${cell(`${description}${allowed}`.trim())} |`;
  });
  return `### ${name}\n\n| property | meaning |\n|---|---|\n${rows.join("\n")}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

/** Writes a pointer as the documents write properties: `target[].address`. */
function pathOf(pointer: string): string {
  return pointer.slice(1).replaceAll("/*", "[]").replaceAll("/", ".");
}

/** Renders docs/migrating.md. */
export function migratingPage(platforms: readonly Platform[]): string {
  const rows = platforms.flatMap((platform) => [
    ...Object.entries(platform.renamedVerbs ?? {}).map(
      ([old, instead]) => `| \`${platform.id}\` | verb \`${old}\` | ${cell(instead)} |`,
    ),
    ...Object.entries(platform.verbs).flatMap(([verb, { renamed = {}, renamedValues = [] }]) => [
      ...Object.entries(renamed).map(
        ([pointer, instead]) => `| \`${platform.id}\` | \`${verb}\`: \`${pathOf(pointer)}\` | ${cell(instead)} |`,
      ),
      ...renamedValues.map(
        ({ pointer, example, instead }) =>
          `| \`${platform.id}\` | \`${verb}\`: \`${pathOf(pointer)}\` = \`${example}\` | ${cell(instead)} |`,
      ),
    ]),
  ]);
  return `# Migrating from 0.1

${GENERATED}

The wire changed once, so that each intent has one shape on all networks ([vocabulary](vocabulary.md)). Old spellings are
refused with 422 and a detail that names the new one. The founding essay's two examples and the verbs of 2013 stay valid.

## What was renamed

| platform | in 0.1 | now |
|---|---|---|
${rows.join("\n")}

## What changed for all platforms

| subject | in 0.1 | now |
|---|---|---|
| answers | \`reply\`, or \`post\` to a post | \`send\` or \`post\` with \`object.inReplyTo\` |
| ids of messages and posts | in \`target.address\` or \`object.id\` | \`object.id\`; \`target\` is the conversation |
| reactions | one list, or one reaction | \`react\` adds one, \`unreact\` takes it back |
| a person who is removed | \`kick\`, or \`leave\` with \`why\` | inbound \`leave\` with \`cause: "kicked"\` and \`by\` |
| invitations | the room or the person as target | target is the person, \`object\` the room |
| lists | \`entries\`, \`items\`, \`results\` with \`more\`, \`complete\`, \`first\`, \`last\` | one collection: \`items\`, \`total\`, \`next\`, \`previous\` |
| context | a string | an object \`{type, id?, name?}\`; a posted string is shorthand |
| persons in lists, events and searches | \`{address, role?}\`, \`{address, people}\`, \`avatar\` and others | one person \`{address, name?, url?, image?, summary?, presence?, relation?, role?}\`, one room \`{type: "room", address, name?, topic?, members?}\` |
| attachments that arrive | \`media[] {url, type, length}\`, \`attachments[] {kind, url}\` and others | \`attachments[] {name, mediaType, size, url, id …}\` |
| text beside HTML | \`text\` | \`body\` |
| a member of only one network | anywhere in \`object\` | in an object named after the network: \`object.email\`, \`object.irc\` |
| capabilities | not told | \`GET /platforms/{id}\` |

## What results and events say differently

| platform | in 0.1 | now |
|---|---|---|
${RESULTS_AND_EVENTS.map(([platform, old, now]) => `| \`${platform}\` | ${cell(old)} | ${cell(now)} |`).join("\n")}
`;
}
