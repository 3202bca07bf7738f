/** The name of a conversation between a Page and a person, for receipts that cover all of it. */
export function conversationIdOf(page: string, person: string): string {
  return `facebook:${page}:${person}`;
}
