/** Returns the id of the conversation between a Page and a person. Receipts cover all messages of a conversation. */
export function conversationIdOf(page: string, person: string): string {
  return `facebook:${page}:${person}`;
}
