/**
 * Asks at a steady average rate, however long the answers take, at moments that are independent of each other (a Poisson
 * process), as many people do. A latency counts from the moment at which the question was due, so a server that stands
 * still for a while is charged for all who would have asked meanwhile.
 */
import { Agent, request } from 'node:http';

export interface PacedQuestion {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Questions a second. */
  readonly rate: number;
  readonly seconds: number;
}

/** Milliseconds. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** @throws Error when an answer is no success */
export async function askAtRate({ url, method, headers, body, rate, seconds }: PacedQuestion): Promise<Latencies> {
  const agent = new Agent({ keepAlive: true });
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
      const sent = request(url, { method, headers: { ...headers, ...length }, agent }, (response) => {
        const { statusCode = 0 } = response;
        response.once('error', reject).once('end', resolve).resume();
        if (statusCode >= 300) reject(new Error(`${url}: ${String(statusCode)}`));
      });
      sent.once('error', reject);
      sent.end(body);
    });

  const latencies: number[] = [];
  const underWay: Promise<void>[] = [];
  const begin = performance.now();
  let due = begin;
  while (due - begin < seconds * 1_000) {
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const since = due;
    underWay.push(
      ask().then(() => {
        latencies.push(performance.now() - since);
      }),
    );
    due += (-Math.log(1 - Math.random()) / rate) * 1_000;
  }
  await Promise.all(underWay);
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
