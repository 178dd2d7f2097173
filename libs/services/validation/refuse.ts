import { BaykeeperError } from '@baykeeper/domain';

/**
 * A refusal for the tenant. Clients of Magnum show only the text up to the first full stop, so the whole message is one
 * sentence: what is wrong, a colon, what to do.
 */
export function invalidInput(publicMessage: string): BaykeeperError {
  return new BaykeeperError({ code: 'invalid-input', publicMessage });
}

/** The same for one attribute, in Magnum's words. `advice` says what to give instead. */
export function invalidAttribute(path: string, advice: string): BaykeeperError {
  return invalidInput(`Invalid input for field/attribute ${showName(path)}: ${advice}.`);
}

/** A name a client sent, fit to be shown back: printable, at most 64 characters. */
export function showName(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 64);
}
