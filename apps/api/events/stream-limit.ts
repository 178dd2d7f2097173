/**
 * How many streams may be open at once in this process. Each looks at the database every few seconds, so whoever opens
 * them without end would be heard by all others.
 */
import { BaykeeperError } from '@baykeeper/domain';

export interface StreamLimits {
  /** 0 for no limit. */
  readonly perToken: number;
  /** 0 for no limit. */
  readonly perProject: number;
}

/** Whose stream it is. */
export interface StreamOwner {
  readonly token: string;
  readonly projectId: string;
}

/** @returns what is to be called when the stream has ended @throws BaykeeperError `too-many-requests` */
export type TakeStream = (owner: StreamOwner) => () => void;

export function openStreamLimit({ perToken, perProject }: StreamLimits): TakeStream {
  const tokens = new Map<string, number>();
  const projects = new Map<string, number>();
  return ({ token, projectId }) => {
    if (isFull(tokens, token, perToken)) {
      throw refusal(`This token follows ${perToken} streams already: end one of them, then try again.`);
    }
    if (isFull(projects, projectId, perProject)) {
      throw refusal(`This project follows ${perProject} streams already: end one of them, then try again.`);
    }
    add(tokens, token, 1);
    add(projects, projectId, 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      add(tokens, token, -1);
      add(projects, projectId, -1);
    };
  };
}

function isFull(counts: ReadonlyMap<string, number>, key: string, limit: number): boolean {
  return limit > 0 && (counts.get(key) ?? 0) >= limit;
}

/** What is not counted any more is not kept. */
function add(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

function refusal(publicMessage: string): BaykeeperError {
  return new BaykeeperError({ code: 'too-many-requests', publicMessage });
}
