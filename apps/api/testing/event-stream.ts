/** Follows a stream of Server-Sent Events, for tests. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';

export interface EventStream {
  readonly response: IncomingMessage;
  /** Resolves when the text seen so far has `part` in it. */
  until(part: string): Promise<string>;
  /** Resolves with all that was seen when the server has ended it. */
  end(): Promise<string>;
  close(): void;
}

export async function openEventStream(
  url: string,
  token: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventStream> {
  const request = httpRequest(url, { headers: { 'X-Auth-Token': token, Accept: 'text/event-stream', ...headers } });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let seen = '';
  response.setEncoding('utf8');
  response.on('data', (text: string) => (seen += text));
  return {
    response,
    async until(part) {
      while (!seen.includes(part)) await once(response, 'data');
      return seen;
    },
    async end() {
      if (!response.readableEnded) await once(response, 'end');
      return seen;
    },
    close: () => request.destroy(),
  };
}
