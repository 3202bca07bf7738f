/** Returns the id of the conversation between a Page and a person, for receipts that cover all its messages. */
export function conversationIdOf(page: string, person: string): string {
  return `facebook:${page}:${person}`;
}
