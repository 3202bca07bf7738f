/**
 * The vocabulary: one shape per intent on all networks; docs/vocabulary.md is made of it.
 *
 * A platform builds its verbs' schemas of `TERMS` and its results of the entities.
 * Properties that only its network has are members of one object named after the platform (`object.irc`).
 * `Verb.renamed` (`{"/object/key": "object.password"}`) and `Platform.renamedVerbs` (`{reply: "send with object.inReplyTo"}`)
 * refuse old spellings; `Verb.capabilities` says what no schema can; `Platform.inbound` lists the verbs that arrive with
 * the terms of their objects; `Platform.contexts` the contexts that its verbs tell apart. Schemas have no `context`:
 * the intake reads it. With one target a list is one collection; with several, a collection of collections, each with
 * the `address` of its target.
 */
export * from "./capabilities.ts";
export * from "./check.ts";
export * from "./entities.ts";
export * from "./terms.ts";
export * from "./text-term.ts";
export * from "./verbs.ts";
