import type { IncomingMessage } from 'node:http';

/**
 * The whole text of an answer.
 * @param largest in bytes: a cluster belongs to its tenant, and must not fill our memory
 * @throws Error when it is larger, or the connection ends before it does
 */
export async function readAnswer(answer: IncomingMessage, largest: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > largest) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
