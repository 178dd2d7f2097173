/** Clients that never pause, over connections that they keep: whoever lets one of their requests fail is found out. */
import { Agent, request, type IncomingMessage } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One request over a connection of the agent. @throws what the connection throws: nothing is tried again */
export function send(
  url: string,
  { agent, method = 'GET', headers = {}, body }: RequestFacts & { readonly agent?: Agent },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, ...(agent && { agent }) }, (response: IncomingMessage) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text });
      });
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export interface RequestFacts {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface OpenRequests {
  /** @returns how many were answered, and what went wrong */
  stop(): Promise<{ readonly answered: number; readonly failures: readonly string[] }>;
}

/** @param next what each client sends next; a status of 400 and above is a failure */
export function keepAsking(clients: number, next: () => { readonly url: string } & RequestFacts): OpenRequests {
  let isStopped = false;
  let answered = 0;
  const failures: string[] = [];
  const running = Array.from({ length: clients }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!isStopped) {
      const { url, ...facts } = next();
      try {
        const { status, text } = await send(url, { ...facts, agent });
        if (status >= 400) failures.push(`${url}: ${String(status)} ${text.slice(0, 200)}`);
        else answered += 1;
      } catch (error) {
        failures.push(`${url}: ${String(error)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
    }
    agent.destroy();
  });
  return {
    async stop() {
      isStopped = true;
      await Promise.all(running);
      return { answered, failures };
    },
  };
}
